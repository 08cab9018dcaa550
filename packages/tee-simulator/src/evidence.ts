import { bytesToHex } from "@noble/hashes/utils.js";
import { bootLogEntry } from "./boot-event.ts";
import { utf8 } from "./byte-writer.ts";
import { ccelOf, encodeCcel } from "./ccel.ts";
import { buildCertificate, type CertificateRecipe } from "./certificate.ts";
import { buildSignedDocument } from "./collateral-document.ts";
import type { Sign } from "./key-ring.ts";
import { encodePemChain } from "./pem.ts";
import { buildQuote } from "./quote.ts";
import type { Recipe } from "./recipe.ts";
import { buildCrl } from "./revocation-list.ts";
import { runtimeLogEntry } from "./runtime-event.ts";

/** A quote with the logs of its guest. */
export interface IssuedQuote {
  readonly quote: Uint8Array;
  /** The dstack log as JSON text: boot events, and for a KMS the runtime events. */
  readonly eventLog: string;
  /** The boot events as a CCEL data area, as a node on a cloud machine keeps them. */
  readonly ccel: Uint8Array;
}

/** The collateral bundle: the keys of the Intel services' answers, CRLs and signatures in hex. */
export interface SimulatedCollateral {
  readonly pck_crl_issuer_chain: string;
  readonly root_ca_crl: string;
  readonly pck_crl: string;
  readonly tcb_info_issuer_chain: string;
  readonly tcb_info: string;
  readonly tcb_info_signature: string;
  readonly qe_identity_issuer_chain: string;
  readonly qe_identity: string;
  readonly qe_identity_signature: string;
  readonly pck_certificate_chain?: string;
}

/** Builds the quote of a recipe, its chain and its logs. */
export function buildIssuedQuote(recipe: Recipe, sign: Sign): IssuedQuote {
  const certificationData = recipe.certificationData ?? utf8(recipe.editPckPem(buildPckChainPem(recipe, sign)));
  return {
    quote: buildQuote(recipe.quote, certificationData, sign).bytes,
    eventLog: buildEventLog(recipe),
    ccel: buildCcel(recipe),
  };
}

/** The PCK chain of a recipe as PEM, leaf first. */
export function buildPckChainPem(recipe: Recipe, sign: Sign): string {
  return encodePemChain(buildChain(recipe.chains.pck, sign));
}

/** The dstack log of a recipe as JSON text. */
export function buildEventLog(recipe: Recipe): string {
  const entries = [...recipe.log.bootEvents.map(bootLogEntry), ...recipe.log.runtimeEvents.map(runtimeLogEntry)];
  const text = JSON.stringify(recipe.log.editEntries?.(entries) ?? entries);
  return recipe.log.editText?.(text) ?? text;
}

function buildCcel(recipe: Recipe): Uint8Array {
  const ccel = ccelOf(recipe.log.bootEvents);
  recipe.log.editCcel?.(ccel);
  const bytes = encodeCcel(ccel);
  return recipe.log.editCcelBytes?.(bytes) ?? bytes;
}

/** Builds the collateral of a recipe, before the hooks on the bundle as a whole. */
export function buildCollateral(recipe: Recipe, sign: Sign): SimulatedCollateral {
  const { chains } = recipe;
  const tcbInfo = buildSignedDocument(recipe.tcbInfo, sign);
  const qeIdentity = buildSignedDocument(recipe.qeIdentity, sign);
  return {
    pck_crl_issuer_chain: encodePemChain(buildChain(chains.pckCrl, sign)),
    root_ca_crl: bytesToHex(buildCrl(recipe.rootCrl, sign)),
    pck_crl: bytesToHex(buildCrl(recipe.pckCrl, sign)),
    tcb_info_issuer_chain: encodePemChain(buildChain(chains.tcbInfo, sign)),
    tcb_info: tcbInfo.text,
    tcb_info_signature: tcbInfo.signature,
    qe_identity_issuer_chain: encodePemChain(buildChain(chains.qeIdentity, sign)),
    qe_identity: qeIdentity.text,
    qe_identity_signature: qeIdentity.signature,
    ...(recipe.bundle.includePckChain ? { pck_certificate_chain: buildPckChainPem(recipe, sign) } : {}),
  };
}

/** The bundle of a recipe as JSON text, all hooks applied: a defect may leave something that is no bundle at all. */
export function buildCollateralText(recipe: Recipe, sign: Sign): string {
  const bundle: Record<string, unknown> = { ...buildCollateral(recipe, sign) };
  const text = JSON.stringify(recipe.bundle.edit?.(bundle) ?? bundle, null, 1);
  return recipe.bundle.editText?.(text) ?? text;
}

function buildChain(chain: readonly CertificateRecipe[], sign: Sign): Uint8Array[] {
  return chain.map((certificate) => buildCertificate(certificate, sign));
}

/** A whole body of evidence with the circumstances under which it is to be judged. */
export interface Evidence extends IssuedQuote {
  /** The bundle as JSON text. */
  readonly collateral: string;
  /** The bundle as an object, before the hooks on the bundle as a whole. */
  readonly bundle: SimulatedCollateral;
  /** Trust anchor to judge with; null where the verifier's default is to be used. */
  readonly rootCa: Uint8Array | null;
  /** Unix seconds. */
  readonly now: number;
  readonly options: {
    readonly expectedReportData?: Uint8Array;
    readonly allowDebug?: boolean;
    readonly allowServiceTd?: boolean;
  };
}

/** Builds and signs everything of a recipe. */
export function buildEvidence(recipe: Recipe, sign: Sign): Evidence {
  const { now, anchor, expectedReportData, allowDebug, allowServiceTd } = recipe.judgement;
  return {
    ...buildIssuedQuote(recipe, sign),
    collateral: buildCollateralText(recipe, sign),
    bundle: buildCollateral(recipe, sign),
    rootCa: anchor === "intel" ? null : buildCertificate(recipe.root, sign),
    now,
    options: {
      ...(expectedReportData === undefined ? {} : { expectedReportData }),
      ...(allowDebug === undefined ? {} : { allowDebug }),
      ...(allowServiceTd === undefined ? {} : { allowServiceTd }),
    },
  };
}
