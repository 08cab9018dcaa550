import { sha256 } from "@noble/hashes/sha2.js";
import type { AttestationKeyMemory } from "./attestation-key-memory.ts";
import { failure, type Failure } from "./failure.ts";
import { toHex } from "./hex.ts";
import type { Verification } from "./judgement-memory.ts";
import { isP256Point } from "./p256-point.ts";
import type { P256Verifier } from "./p256.ts";
import { matchQeIdentity, type QeIdentity } from "./qe-identity.ts";
import type { TdxQuote } from "./quote.ts";
import type { SignatureCheck } from "./signature-checks.ts";

/** `04 || x || y`, 65 bytes, perhaps no point on the curve. */
function attestationPublicKey(quote: TdxQuote): Uint8Array {
  const key = new Uint8Array(65);
  key[0] = 0x04;
  key.set(quote.attestationKey, 1);
  return key;
}

/** The signatures of a quote that are to be checked, in the order in which they are judged. */
export function quoteChecks(
  quote: TdxQuote,
  pckKey: SignatureCheck["publicKey"],
  attestationKeys: AttestationKeyMemory,
): readonly SignatureCheck[] {
  const { qeReportSignature, qeReportBytes, signature, signedBytes } = quote;
  const own = { publicKey: attestationPublicKey(quote), signature, message: signedBytes };
  if (pckKey !== null && pckKey !== undefined && attestationKeys.knows(quote, pckKey)) return [own];
  return [{ publicKey: pckKey, signature: qeReportSignature, message: qeReportBytes }, own];
}

function expectedQeReportData(quote: TdxQuote): string {
  const digest = sha256.create().update(quote.attestationKey).update(quote.qeAuthenticationData).digest();
  return toHex(digest) + "00".repeat(32);
}

/** Judges that the PCK key signed the QE report, and that the quoting enclave vouches for the attestation key. */
async function judgeAttestationKey(
  quote: TdxQuote,
  pckKey: Uint8Array,
  verifier: P256Verifier,
): Promise<Failure | null> {
  if (!(await verifier.verify(pckKey, quote.qeReportSignature, quote.qeReportBytes))) {
    return failure("qe-report", "qe-report-signature-invalid");
  }
  const expected = expectedQeReportData(quote);
  if (quote.qeReport.reportData === expected) return null;
  return failure("qe-report", "qe-report-data-mismatch", { expected, actual: quote.qeReport.reportData });
}

/**
 * Judges that the platform's PCK key signed the QE report, that the quoting enclave vouches for the attestation key, and
 * that it is the enclave that Intel publishes.
 *
 * What the memory knows of the first two is not judged again.
 *
 * Errors (stage `qe-report`): `qe-report-signature-invalid`, `qe-report-data-mismatch`, those of {@link matchQeIdentity}.
 * Source: Intel TDX DCAP Quoting Library API, "QE Report"; its report data is SHA-256(attestation key || authentication data), then zeros.
 */
export async function judgeQeReport(
  quote: TdxQuote,
  pckKey: Uint8Array,
  qeIdentity: QeIdentity,
  { verifier, memory }: Verification,
): Promise<Failure | null> {
  if (!memory.attestationKeys.knows(quote, pckKey)) {
    const problem = await judgeAttestationKey(quote, pckKey, verifier);
    if (problem !== null) return problem;
    memory.attestationKeys.keep(quote, pckKey);
  }
  const matched = matchQeIdentity(quote.qeReport, qeIdentity);
  return matched.ok ? null : matched.error;
}

/**
 * Judges that the attestation key signed header, body descriptor and TD report.
 *
 * Errors (stage `quote-signature`): `attestation-key-invalid`, `quote-signature-invalid`.
 * Source: Intel TDX DCAP Quoting Library API, "Quote Signature Data".
 */
export async function judgeQuoteSignature(quote: TdxQuote, verifier: P256Verifier): Promise<Failure | null> {
  const key = attestationPublicKey(quote);
  if (!isP256Point(key)) return failure("quote-signature", "attestation-key-invalid");
  const isSigned = await verifier.verify(key, quote.signature, quote.signedBytes);
  return isSigned ? null : failure("quote-signature", "quote-signature-invalid");
}
