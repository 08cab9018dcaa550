import { bytesToHex } from "@noble/hashes/utils.js";
import { bootLogEntry } from "./boot-event.ts";
import { utf8 } from "./byte-writer.ts";
import { ccelOf, encodeCcel } from "./ccel.ts";
import { buildCertificate, type CertificateRecipe } from "./certificate.ts";
import { buildSignedDocument } from "./collateral-document.ts";
import type { Sign } from "./key-ring.ts";
import { encodePemChain } from "./pem.ts";
import { buildQuote } from "./quote.ts";
import type { LogRecipe, Recipe } from "./recipe.ts";
import { buildCrl } from "./revocation-list.ts";
import { runtimeLogEntry } from "./runtime-event.ts";

/** The event logs of a guest. */
export interface GuestLogs {
  /** The dstack log as JSON text: boot events, and for a KMS the runtime events. */
  readonly eventLog: string;
  /** The boot events as a CCEL data area, as a node on a cloud machine keeps them. */
  readonly ccel: Uint8Array;
}

/** A quote with the logs of its guest. */
export interface IssuedQuote extends GuestLogs {
  readonly quote: Uint8Array;
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
  const certificationData = recipe.certificationData ?? pckCertificationData(recipe, sign);
  return { quote: buildQuote(recipe.quote, certificationData, sign).bytes, ...buildLogs(recipe.log) };
}

/** The PCK chain of a recipe as it stands in the quote. */
export function pckCertificationData(recipe: Recipe, sign: Sign): Uint8Array {
  return utf8(recipe.editPckPem(buildPckChainPem(recipe, sign)));
}

/** The PCK chain of a recipe as PEM, leaf first. */
export function buildPckChainPem(recipe: Recipe, sign: Sign): string {
  return encodePemChain(buildChain(recipe.chains.pck, sign));
}

/** Both logs of a guest, all hooks applied. */
export function buildLogs(log: LogRecipe): GuestLogs {
  const ccel = ccelOf(log.bootEvents);
  log.editCcel?.(ccel);
  const bytes = encodeCcel(ccel);
  return { eventLog: buildEventLog(log), ccel: log.editCcelBytes?.(bytes) ?? bytes };
}

/** The dstack log of a guest as JSON text. */
export function buildEventLog(log: LogRecipe): string {
  const entries = [...log.bootEvents.map(bootLogEntry), ...log.runtimeEvents.map(runtimeLogEntry)];
  const text = JSON.stringify(log.editEntries?.(entries) ?? entries);
  return log.editText?.(text) ?? text;
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

/** Writes a bundle as JSON text, all hooks applied: a defect may leave something that is no bundle at all. */
export function writeCollateral({ bundle: hooks }: Recipe, collateral: SimulatedCollateral): string {
  const bundle: Record<string, unknown> = { ...collateral };
  const text = JSON.stringify(hooks.edit?.(bundle) ?? bundle, null, 1);
  return hooks.editText?.(text) ?? text;
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
  const bundle = buildCollateral(recipe, sign);
  return {
    ...buildIssuedQuote(recipe, sign),
    collateral: writeCollateral(recipe, bundle),
    bundle,
    rootCa: anchor === "intel" ? null : buildCertificate(recipe.root, sign),
    now,
    options: {
      ...(expectedReportData === undefined ? {} : { expectedReportData }),
      ...(allowDebug === undefined ? {} : { allowDebug }),
      ...(allowServiceTd === undefined ? {} : { allowServiceTd }),
    },
  };
}
