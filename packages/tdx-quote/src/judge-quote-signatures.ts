import { sha256Hex } from "#sha2";
import type { Endorsements } from "./endorsements.ts";
import { failure, type Failure } from "./failure.ts";
import type { Verification } from "./judgement-memory.ts";
import { isP256Point } from "./p256-point.ts";
import type { P256Verifier } from "./p256.ts";
import { matchQeIdentity } from "./qe-identity.ts";
import type { TdxQuote } from "./quote.ts";
import type { SignatureCheck } from "./signature-checks.ts";

/**
 * The signatures of a quote that are to be checked, in the order in which they are judged.
 *
 * @param isKeyKnown - whether the PCK key was seen to vouch for the attestation key
 */
export function quoteChecks(
  quote: TdxQuote,
  pckKey: Uint8Array | null,
  isKeyKnown: boolean,
): readonly SignatureCheck[] {
  const { qeReportSignature, qeReportBytes, attestationPublicKey, signature, signedBytes } = quote;
  const own = { publicKey: attestationPublicKey, signature, message: signedBytes };
  if (isKeyKnown) return [own];
  return [{ publicKey: pckKey, signature: qeReportSignature, message: qeReportBytes }, own];
}

function expectedQeReportData(quote: TdxQuote): string {
  return sha256Hex(quote.attestationKey, quote.qeAuthenticationData) + "00".repeat(32);
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
 * The first two are not judged again where the memory knows them.
 *
 * Errors (stage `qe-report`): `qe-report-signature-invalid`, `qe-report-data-mismatch`, those of {@link matchQeIdentity}.
 * Source: Intel TDX DCAP Quoting Library API, "QE Report"; its report data is SHA-256(attestation key || authentication data), then zeros.
 */
export async function judgeQeReport(
  quote: TdxQuote,
  { collateral, pck, isKeyKnown }: Endorsements,
  { verifier, memory }: Pick<Verification, "verifier" | "memory">,
): Promise<Failure | null> {
  if (!isKeyKnown) {
    const problem = await judgeAttestationKey(quote, pck.leafKey, verifier);
    if (problem !== null) return problem;
    memory.attestationKeys.keep(quote, pck.leafKey);
  }
  const matched = matchQeIdentity(quote.qeReport, collateral.qeIdentity);
  return matched.ok ? null : matched.error;
}

/**
 * Judges that the attestation key signed header, body descriptor and TD report.
 *
 * Errors (stage `quote-signature`): `attestation-key-invalid`, `quote-signature-invalid`.
 * Source: Intel TDX DCAP Quoting Library API, "Quote Signature Data".
 */
export async function judgeQuoteSignature(
  { attestationPublicKey, signature, signedBytes }: TdxQuote,
  verifier: P256Verifier,
): Promise<Failure | null> {
  if (!isP256Point(attestationPublicKey)) return failure("quote-signature", "attestation-key-invalid");
  const isSigned = await verifier.verify(attestationPublicKey, signature, signedBytes);
  return isSigned ? null : failure("quote-signature", "quote-signature-invalid");
}
