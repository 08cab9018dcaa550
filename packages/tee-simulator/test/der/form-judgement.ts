import { encodeCollateral, verifyQuote, type CollateralBundle, type FailureCode } from "@mero-tee/tdx-quote";
import { encodePemChain } from "../../src/pem.ts";

/** A healthy quote with its collateral. */
export interface HealthyEvidence {
  readonly quote: Uint8Array;
  readonly bundle: CollateralBundle;
  readonly rootCa: Uint8Array;
  /** Unix seconds. */
  readonly now: number;
}

/** Codes of what a certificate says, before any signature is looked at. */
const FORM_CODES: ReadonlySet<FailureCode> = new Set([
  "chain-role-mismatch",
  "certificate-extension-invalid",
  "certificate-key-unsupported",
  "certificate-issuer-mismatch",
]);

/**
 * Whether verification refuses a certificate for what it says, where it stands for the TCB signing certificate of otherwise healthy
 * evidence: reading a certificate only carries the contents of its extensions and the kind of its key, a chain judges them.
 */
export async function isRefusedForItsForm(
  { quote, bundle, rootCa, now }: HealthyEvidence,
  der: Uint8Array,
): Promise<boolean> {
  const tcb_info_issuer_chain = encodePemChain([der, rootCa]);
  const verdict = await verifyQuote(quote, encodeCollateral({ ...bundle, tcb_info_issuer_chain }), { now, rootCa });
  return !verdict.ok && FORM_CODES.has(verdict.error.code);
}
