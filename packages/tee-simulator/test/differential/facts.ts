import type { QeIdentityDocument, TcbInfoDocument } from "../../src/collateral-document.ts";
import { readCertificateFacts, readSgxFacts, type CertificateFacts, type SgxFacts } from "./certificate-facts.ts";
import { findCrlFlaws, type CrlFlaws } from "./crl-facts.ts";
import type { EvidenceCase } from "./evidence-case.ts";
import { readQuoteFields, type QuoteFields } from "./quote-fields.ts";

/** The chains of a body of evidence. */
export type ChainName = "pck" | "tcbInfo" | "qeIdentity" | "pckCrl";

/** A chain as text and, as far as blocks can be found in it, as certificates, leaf first. */
export interface ChainFacts {
  readonly pem: string;
  readonly certificates: readonly CertificateFacts[];
}

/**
 * What a body of evidence says, read without the code under test: offsets, `JSON.parse`, OpenSSL, `@peculiar/x509`. Explanations of
 * disagreements are computed from this alone.
 */
export interface Facts {
  readonly now: number;
  readonly rootCa: Uint8Array | null;
  readonly quoteLength: number;
  /** Null where the quote has no such fields. */
  readonly quote: QuoteFields | null;
  /** The bundle's values by key; empty where the text is no object. */
  readonly bundle: Readonly<Record<string, unknown>>;
  readonly collateralText: string;
  /** Null where `JSON.parse` fails or gives no object. */
  readonly tcbInfo: TcbInfoDocument | null;
  readonly tcbInfoText: string;
  readonly qeIdentity: QeIdentityDocument | null;
  readonly qeIdentityText: string;
  readonly chains: Readonly<Record<ChainName, ChainFacts>>;
  readonly sgx: SgxFacts | null;
  readonly crls: Readonly<Record<"root" | "pck", CrlFlaws>>;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parsed(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : null;
  } catch {
    // What is no JSON has nothing to say.
    return null;
  }
}

function readChain(pem: string): ChainFacts {
  const blocks = pem.matchAll(/-----BEGIN [A-Z0-9 ]+-----([\s\S]*?)-----END [A-Z0-9 ]+-----/g);
  const certificates = [...blocks].map((block) =>
    readCertificateFacts(new Uint8Array(Buffer.from(block[1] ?? "", "base64"))),
  );
  return { pem, certificates };
}

/** Gathers the facts of a case. */
export function factsOf({ quote, collateral, rootCa, now }: EvidenceCase): Facts {
  const fields = readQuoteFields(quote);
  const bundle = parsed(collateral) ?? {};
  const text = (key: string): string => {
    const value = bundle[key];
    return typeof value === "string" ? value : "";
  };
  const isInQuote = fields?.innerType === 5;
  const chains = {
    pck: readChain(
      isInQuote ? Buffer.from(fields.certificationData).toString("latin1") : text("pck_certificate_chain"),
    ),
    tcbInfo: readChain(text("tcb_info_issuer_chain")),
    qeIdentity: readChain(text("qe_identity_issuer_chain")),
    pckCrl: readChain(text("pck_crl_issuer_chain")),
  };
  const [leaf, pckCa] = chains.pck.certificates;
  const root = chains.tcbInfo.certificates.at(-1);
  const bytes = (key: string): Uint8Array => new Uint8Array(Buffer.from(text(key), "hex"));
  return {
    now,
    rootCa,
    quoteLength: quote.length,
    quote: fields,
    bundle,
    collateralText: collateral,
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what departs from the type is looked for by the rules
    tcbInfo: parsed(text("tcb_info")) as TcbInfoDocument | null,
    tcbInfoText: text("tcb_info"),
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the same
    qeIdentity: parsed(text("qe_identity")) as QeIdentityDocument | null,
    qeIdentityText: text("qe_identity"),
    chains,
    sgx: leaf === undefined ? null : readSgxFacts(leaf),
    crls: { root: findCrlFlaws(bytes("root_ca_crl"), root, now), pck: findCrlFlaws(bytes("pck_crl"), pckCa, now) },
  };
}
