import type { Certificate } from "./certificate.ts";
import type { Crl } from "./crl.ts";
import { equalBytes } from "./equal-bytes.ts";
import { failure, type Failure, type Stage } from "./failure.ts";
import type { P256Verifier } from "./p256.ts";
import { isSignedBy } from "./signed-by.ts";

/**
 * Judges a CRL: issuer name, signature by that issuer's key, window. The issuer itself must be verified already.
 *
 * @param name - how a failure names the list: `"root CA CRL"`, `"PCK CRL"`
 * Errors: `crl-issuer-mismatch`, `crl-signature-invalid`, `crl-not-yet-valid`, `crl-expired`.
 * Source: RFC 5280, section 6.3.3, for full CRLs signed by the issuer of the certificates they list.
 */
export async function verifyCrl(
  crl: Crl,
  issuer: Certificate,
  name: string,
  stage: Stage,
  { now, verifier }: { readonly now: number; readonly verifier: P256Verifier },
): Promise<Failure | null> {
  const { thisUpdate, nextUpdate } = crl;
  if (!equalBytes(crl.issuer, issuer.subject)) return failure(stage, "crl-issuer-mismatch", { subject: name });
  if (!(await isSignedBy(crl, issuer, verifier))) return failure(stage, "crl-signature-invalid", { subject: name });
  if (now < thisUpdate)
    return failure(stage, "crl-not-yet-valid", { subject: name, expected: thisUpdate, actual: now });
  if (now > nextUpdate) return failure(stage, "crl-expired", { subject: name, expected: nextUpdate, actual: now });
  return null;
}
