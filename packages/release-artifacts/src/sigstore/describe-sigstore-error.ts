import { quoteForeignText } from "@mero-tee/policy";
import type { SigstoreError, SigstoreErrorCode, SigstoreFacts } from "./sigstore-error.ts";

/** Longest piece of a foreign text in a sentence: an identity is an address with a path. */
const SHOWN_CHARACTERS = 200;

function shown(text: string): string {
  return quoteForeignText(text, SHOWN_CHARACTERS);
}

/** `: "mediaType" must be text`, as far as known. */
function where({ subject, reason }: SigstoreFacts): string {
  if (reason === undefined) return subject === undefined ? "" : ` (${shown(subject)})`;
  return subject === undefined || subject === "" ? `: ${reason}` : `: ${shown(subject)} ${reason}`;
}

function because({ reason }: SigstoreFacts): string {
  return reason === undefined ? "" : `: ${reason}`;
}

/** ` (expected "a", got "b")`, as far as known. */
function difference({ expected, actual }: SigstoreFacts): string {
  const parts = [
    ...(expected === undefined ? [] : [`expected ${shown(expected)}`]),
    ...(actual === undefined ? [] : [`got ${shown(actual)}`]),
  ];
  return parts.length === 0 ? "" : ` (${parts.join(", ")})`;
}

function named({ subject }: SigstoreFacts): string {
  return subject === undefined ? "" : ` ${shown(subject)}`;
}

const SENTENCES = {
  "bundle-malformed": (facts) => `The Sigstore bundle is malformed${where(facts)}.`,
  "bundle-media-type-unsupported": (facts) => `The Sigstore bundle is of a form that is not read${difference(facts)}.`,
  "detached-signature-malformed": (facts) =>
    `The ${facts.subject ?? "signature"} file cannot be read; .sig holds base64 of a signature, .pem one certificate.`,
  "trusted-root-malformed": (facts) => `The trusted root is malformed${where(facts)}.`,
  "trusted-root-media-type-unsupported": (facts) =>
    `The trusted root is of a form that is not read${difference(facts)}.`,
  "identity-pattern-invalid": (facts) => `The pattern for the identity is no regular expression${difference(facts)}.`,
  "signing-certificate-malformed": (facts) => `The signing certificate cannot be read${because(facts)}.`,
  "artifact-content-required": () =>
    "A signature over a file can only be verified with the file itself; its digest is not enough.",
  "artifact-digest-mismatch": (facts) => `The signature is for another file${difference(facts)}.`,
  "timestamp-malformed": (facts) => `A timestamp in the bundle cannot be read${because(facts)}.`,
  "timestamp-imprint-mismatch": () => "A timestamp in the bundle is for another signature.",
  "timestamp-untrusted": (facts) => `A timestamp in the bundle is not by a trusted authority${because(facts)}.`,
  "timestamp-signature-invalid": () => "The signature of a timestamp in the bundle is wrong.",
  "log-entry-missing": () => "The bundle has no entry of a transparency log.",
  "log-unknown": (facts) => `The transparency log${named(facts)} is not in the trusted root.`,
  "log-promise-invalid": () => "The transparency log did not sign this entry with this time and place.",
  "log-inclusion-missing": () => "Nothing proves that the transparency log holds the entry.",
  "log-checkpoint-malformed": () => "The checkpoint of the transparency log cannot be read.",
  "log-checkpoint-invalid": (facts) => `The checkpoint is not signed by the transparency log${named(facts)}.`,
  "log-proof-invalid": (facts) => `The inclusion proof of the log entry is wrong${because(facts)}.`,
  "log-index-mismatch": (facts) => `The log entry stands elsewhere than its proof says${difference(facts)}.`,
  "log-body-malformed": (facts) => `The log entry cannot be read${where(facts)}.`,
  "log-body-mismatch": (facts) => `The log entry is about something else: its ${facts.subject ?? "content"} differs.`,
  "signing-time-missing": () =>
    "Nothing proves when the signature was made: neither a log nor a timestamp authority signed a time.",
  "log-key-outside-window": (facts) =>
    `The key of the transparency log${named(facts)} did not count at that time${difference(facts)}.`,
  "signing-certificate-unfit": (facts) => `The signing certificate is not one for signing code${because(facts)}.`,
  "signing-certificate-untrusted": (facts) =>
    `The signing certificate was not issued by an authority of the trusted root${because(facts)}.`,
  "signing-time-outside-certificate": (facts) =>
    `The signature was made outside the validity of its certificate${difference(facts)}.`,
  "sct-missing": () => "The signing certificate carries no promise of a certificate transparency log.",
  "sct-malformed": () => "The certificate transparency promises in the signing certificate cannot be read.",
  "sct-log-unknown": (facts) =>
    `The certificate transparency log${named(facts)} is not in the trusted root for that time.`,
  "sct-signature-invalid": (facts) =>
    `The promise of the certificate transparency log${named(facts)} is not for this certificate.`,
  "artifact-signature-invalid": () => "The signature is wrong: the file was altered, or it was signed by another key.",
  "attestation-malformed": (facts) => `The attestation cannot be read${where(facts)}.`,
  "attestation-subject-mismatch": (facts) => `The attestation does not name this file${difference(facts)}.`,
  "signer-identity-mismatch": (facts) => `The file was signed by somebody else${difference(facts)}.`,
  "signer-issuer-mismatch": (facts) => `The signer was identified by another provider${difference(facts)}.`,
} as const satisfies Readonly<Record<SigstoreErrorCode, (facts: SigstoreFacts) => string>>;

/**
 * One sentence about a refusal that an operator can act on; pieces of foreign text are quoted as JSON in ASCII, so that they
 * can neither pass for our words nor steer a terminal.
 */
export function describeSigstoreError(error: SigstoreError): string {
  return SENTENCES[error.code](error);
}
