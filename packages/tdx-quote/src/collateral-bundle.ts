import type { Certificate } from "./certificate.ts";
import { parseCrl, type Crl } from "./crl.ts";
import { failure, type Failure } from "./failure.ts";
import { parseHex } from "./hex.ts";
import { object, optional, text, type Shape } from "./json-shape.ts";
import { parseStrictJson } from "./json.ts";
import { parsePemCertificates, type KnownCertificates } from "./pem.ts";
import { parseQeIdentity, type QeIdentity } from "./qe-identity.ts";
import { err, ok, type Brand, type Result } from "./result.ts";
import { signedText, type SignedText } from "./signed-json.ts";
import { parseTcbInfo, type TcbInfo } from "./tcb-info.ts";

/** Largest accepted bundle: two CRLs of 4 MiB in hex, two signed documents of 1 MiB with escapes, four chains. */
export const COLLATERAL_LIMIT_BYTES = 25_165_824;

/**
 * Everything besides a quote that verification needs, in the shape that dcap-qvl's samples and tools use.
 * Chains are PEM, leaf first. Hex may be in either case.
 */
export interface CollateralBundle {
  /** PCK CA, then root. */
  readonly pck_crl_issuer_chain: string;
  /** DER in hex. */
  readonly root_ca_crl: string;
  /** DER in hex. */
  readonly pck_crl: string;
  /** TCB signing certificate, then root. */
  readonly tcb_info_issuer_chain: string;
  /** The exact JSON text that was signed. */
  readonly tcb_info: string;
  /** `r || s`, 64 bytes in hex. */
  readonly tcb_info_signature: string;
  /** TCB signing certificate, then root. */
  readonly qe_identity_issuer_chain: string;
  /** The exact JSON text that was signed. */
  readonly qe_identity: string;
  /** `r || s`, 64 bytes in hex. */
  readonly qe_identity_signature: string;
  /** Only for quotes that name their PCK certificate by PPID: leaf, PCK CA, root. Ignored where the quote has its own chain. */
  readonly pck_certificate_chain?: string;
}

interface CollateralFields {
  /** The texts that this was parsed from. */
  readonly bundle: CollateralBundle;
  readonly tcbInfo: TcbInfo;
  readonly tcbInfoSignature: Uint8Array;
  readonly tcbInfoIssuerChain: readonly Certificate[];
  readonly qeIdentity: QeIdentity;
  readonly qeIdentitySignature: Uint8Array;
  readonly qeIdentityIssuerChain: readonly Certificate[];
  readonly rootCaCrl: Crl;
  readonly pckCrl: Crl;
  readonly pckCrlIssuerChain: readonly Certificate[];
}

/** What of a collateral is signed, and what signs it: enough to start checking signatures before the documents are read. */
export interface SignedCollateral extends Omit<CollateralFields, "bundle" | "tcbInfo" | "qeIdentity"> {
  readonly tcbInfo: { readonly bytes: Uint8Array };
  readonly qeIdentity: { readonly bytes: Uint8Array };
}

/** A parsed collateral bundle. **Not authenticated**: every use verifies it. Only {@link parseCollateral} makes one. */
export type Collateral = Brand<CollateralFields, "Collateral">;

const requiredShape = object<Required<Omit<CollateralBundle, "pck_certificate_chain">>>({
  pck_crl_issuer_chain: text,
  root_ca_crl: text,
  pck_crl: text,
  tcb_info_issuer_chain: text,
  tcb_info: text,
  tcb_info_signature: text,
  qe_identity_issuer_chain: text,
  qe_identity: text,
  qe_identity_signature: text,
});
const extraShape = object<{ pck_certificate_chain: string | null }>({ pck_certificate_chain: optional(text, null) });

const bundleShape: Shape<CollateralBundle> = (value) => {
  const parsed = requiredShape(value);
  if (!parsed.ok) return parsed;
  const extra = extraShape(value);
  if (!extra.ok) return extra;
  const { pck_certificate_chain } = extra.value;
  return ok({ ...parsed.value, ...(pck_certificate_chain === null ? {} : { pck_certificate_chain }) });
};

function malformed(subject: string, reason: string): { ok: false; error: Failure } {
  return err(failure("collateral-parse", "collateral-malformed", { subject, reason }));
}

/**
 * Parses a collateral bundle: JSON, then hex fields, TCB info, QE identity, certificate chains and CRLs, in this order.
 *
 * @param input - the bundle's JSON text, or its UTF-8 bytes
 * Errors: `collateral-malformed`, `tcb-info-malformed`, `tcb-info-version-unsupported`, `qe-identity-malformed`,
 * `qe-identity-version-unsupported`, `certificate-malformed`, `crl-malformed`.
 */
export function parseCollateral(input: string | Uint8Array): Result<Collateral, Failure> {
  return parseCollateralSharing(input, new Map(), () => undefined);
}

/**
 * As {@link parseCollateral}, beside a PCK chain.
 *
 * @param known - certificates parsed before; new ones are added
 * @param onSigned - told what is signed while the documents, which take longest, are still to be read; they may be refused after it
 */
export function parseCollateralSharing(
  input: string | Uint8Array,
  known: KnownCertificates,
  onSigned: (signed: SignedCollateral) => void,
): Result<Collateral, Failure> {
  const json = parseStrictJson(input, { maxBytes: COLLATERAL_LIMIT_BYTES });
  if (!json.ok) return malformed("bundle", json.error.reason);
  const shaped = bundleShape(json.value);
  if (!shaped.ok) return malformed(shaped.error.path, shaped.error.reason);
  const bundle = Object.freeze(shaped.value);

  const bytes = parseHexFields(bundle);
  if (!bytes.ok) return bytes;
  // What signs is read first; the order of refusals is that of the documentation all the same.
  const texts = { tcbInfo: signedText(bundle.tcb_info), qeIdentity: signedText(bundle.qe_identity) };
  const signed = parseSigned(bundle, texts, bytes.value, known);
  if (signed.ok) onSigned(signed.value);
  const tcbInfo = parseTcbInfo(texts.tcbInfo);
  if (!tcbInfo.ok) return tcbInfo;
  const qeIdentity = parseQeIdentity(texts.qeIdentity);
  if (!qeIdentity.ok) return qeIdentity;
  if (!signed.ok) return signed;

  const fields: CollateralFields = {
    ...signed.value,
    bundle,
    tcbInfo: tcbInfo.value,
    qeIdentity: qeIdentity.value,
  };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the brand says that this parser ran
  return ok(Object.freeze(fields) as Collateral);
}

/** The fields that are hex in a bundle. */
interface HexFields {
  readonly rootCaCrl: Uint8Array;
  readonly pckCrl: Uint8Array;
  readonly tcbInfoSignature: Uint8Array;
  readonly qeIdentitySignature: Uint8Array;
}

function parseHexFields(bundle: CollateralBundle): Result<HexFields, Failure> {
  const rootCaCrl = parseHex(bundle.root_ca_crl);
  if (rootCaCrl === null) return malformed("root_ca_crl", "must be hex");
  const pckCrl = parseHex(bundle.pck_crl);
  if (pckCrl === null) return malformed("pck_crl", "must be hex");
  const tcbInfoSignature = parseHex(bundle.tcb_info_signature, 64);
  if (tcbInfoSignature === null) return malformed("tcb_info_signature", "must be 64 bytes in hex");
  const qeIdentitySignature = parseHex(bundle.qe_identity_signature, 64);
  if (qeIdentitySignature === null) return malformed("qe_identity_signature", "must be 64 bytes in hex");
  return ok({ rootCaCrl, pckCrl, tcbInfoSignature, qeIdentitySignature });
}

function parseSigned(
  bundle: CollateralBundle,
  { tcbInfo, qeIdentity }: Readonly<Record<"tcbInfo" | "qeIdentity", SignedText>>,
  { rootCaCrl: rootCaCrlDer, pckCrl: pckCrlDer, tcbInfoSignature, qeIdentitySignature }: HexFields,
  known: KnownCertificates,
): Result<SignedCollateral, Failure> {
  const chains = parseChains(bundle, known);
  if (!chains.ok) return chains;
  const rootCaCrl = readCrl(rootCaCrlDer, "root CA CRL");
  if (!rootCaCrl.ok) return rootCaCrl;
  const pckCrl = readCrl(pckCrlDer, "PCK CRL");
  if (!pckCrl.ok) return pckCrl;
  return ok({
    ...chains.value,
    rootCaCrl: rootCaCrl.value,
    pckCrl: pckCrl.value,
    tcbInfo,
    tcbInfoSignature,
    qeIdentity,
    qeIdentitySignature,
  });
}

function readCrl(der: Uint8Array, subject: string): Result<Crl, Failure> {
  const crl = parseCrl(der);
  return crl.ok ? crl : err(failure("collateral-parse", "crl-malformed", { subject, reason: crl.error.reason }));
}

/**
 * Parses a PEM chain, leaf first.
 *
 * @param subject - what the chain is, for the refusal
 * @param known - certificates parsed before; new ones are added
 * Errors: `certificate-malformed`.
 */
export function parseChain(
  pem: string | Uint8Array,
  subject: string,
  known?: KnownCertificates,
): Result<readonly Certificate[], Failure<"certificate-malformed">> {
  const chain = parsePemCertificates(pem, known);
  if (chain.ok) return chain;
  return err(failure("collateral-parse", "certificate-malformed", { subject, reason: chain.error.reason }));
}

/** The three chains of a bundle, leaf first. */
export type CollateralChains = Pick<
  CollateralFields,
  "tcbInfoIssuerChain" | "qeIdentityIssuerChain" | "pckCrlIssuerChain"
>;

function parseChains(bundle: CollateralBundle, certificates: KnownCertificates): Result<CollateralChains, Failure> {
  const tcbInfo = parseChain(bundle.tcb_info_issuer_chain, "TCB info issuer chain", certificates);
  if (!tcbInfo.ok) return tcbInfo;
  const qeIdentity = parseChain(bundle.qe_identity_issuer_chain, "QE identity issuer chain", certificates);
  if (!qeIdentity.ok) return qeIdentity;
  const pckCrl = parseChain(bundle.pck_crl_issuer_chain, "PCK CRL issuer chain", certificates);
  if (!pckCrl.ok) return pckCrl;
  return ok({
    tcbInfoIssuerChain: tcbInfo.value,
    qeIdentityIssuerChain: qeIdentity.value,
    pckCrlIssuerChain: pckCrl.value,
  });
}

/** Writes a bundle as one line of JSON with its keys in a fixed order; other keys of the object are left out. */
export function encodeCollateral(bundle: CollateralBundle): string {
  const { pck_certificate_chain } = bundle;
  return JSON.stringify({
    pck_crl_issuer_chain: bundle.pck_crl_issuer_chain,
    root_ca_crl: bundle.root_ca_crl,
    pck_crl: bundle.pck_crl,
    tcb_info_issuer_chain: bundle.tcb_info_issuer_chain,
    tcb_info: bundle.tcb_info,
    tcb_info_signature: bundle.tcb_info_signature,
    qe_identity_issuer_chain: bundle.qe_identity_issuer_chain,
    qe_identity: bundle.qe_identity,
    qe_identity_signature: bundle.qe_identity_signature,
    ...(pck_certificate_chain === undefined ? {} : { pck_certificate_chain }),
  });
}
