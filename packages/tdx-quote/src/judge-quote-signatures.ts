import { sha256Hex } from "#sha2";
import type { Endorsements } from "./endorsements.ts";
import { failure, type Failure } from "./failure.ts";
import type { JudgementMemory } from "./judgement-memory.ts";
import { isP256Point } from "./p256-point.ts";
import { matchQeIdentity } from "./qe-identity.ts";
import type { TdxQuote } from "./quote.ts";
import type { RequiredSignatures } from "./required-signatures.ts";

/** What the judgement of a quote's signatures works with. */
export interface QuoteContext {
  readonly signatures: RequiredSignatures;
  readonly memory: JudgementMemory;
}

function expectedQeReportData(quote: TdxQuote): string {
  return sha256Hex(quote.attestationKey, quote.qeAuthenticationData) + "00".repeat(32);
}

/** Judges that the PCK key signed the QE report, and that the quoting enclave vouches for the attestation key. */
function judgeAttestationKey(quote: TdxQuote, pckKey: Uint8Array, signatures: RequiredSignatures): Failure | null {
  signatures.require(
    { publicKey: pckKey, signature: quote.qeReportSignature, message: quote.qeReportBytes },
    failure("qe-report", "qe-report-signature-invalid"),
  );
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
export function judgeQeReport(
  quote: TdxQuote,
  { collateral, pck }: Endorsements,
  { signatures, memory }: QuoteContext,
): Failure | null {
  if (!memory.attestationKeys.knows(quote, pck.leafKey)) {
    const problem = judgeAttestationKey(quote, pck.leafKey, signatures);
    if (problem !== null) return problem;
    signatures.onceGood(memory.attestationKeys.keeping(quote, pck.leafKey));
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
export function judgeQuoteSignature(
  { attestationPublicKey, signature, signedBytes }: TdxQuote,
  { signatures }: Pick<QuoteContext, "signatures">,
): Failure | null {
  if (!isP256Point(attestationPublicKey)) return failure("quote-signature", "attestation-key-invalid");
  signatures.require(
    { publicKey: attestationPublicKey, signature, message: signedBytes },
    failure("quote-signature", "quote-signature-invalid"),
  );
  return null;
}
