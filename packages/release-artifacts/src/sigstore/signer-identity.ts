import { ok, type Result } from "@mero-tee/tdx-quote/result";
import type { SignerClaims } from "./fulcio-certificate.ts";
import { refuse, type SigstoreError } from "./sigstore-error.ts";

/**
 * Whose signature is wanted: the identity as it stands in the certificate, or a regular expression for all of it. A pattern
 * is anchored at both ends whether it says so or not: one that may match a part accepts `https://evil.example/?x=` before it.
 */
export type ExpectedIdentity = { readonly exact: string } | { readonly pattern: string };

/** An {@link ExpectedIdentity} that is well formed. */
export interface IdentityMatcher {
  readonly matches: (identity: string) => boolean;
  /** For the sentence of a refusal. */
  readonly shown: string;
}

/** Prepares an expectation. Errors: `identity-pattern-invalid`. */
export function compileIdentity(expected: ExpectedIdentity): Result<IdentityMatcher, SigstoreError> {
  if ("exact" in expected) {
    return ok({ matches: (identity) => identity === expected.exact, shown: expected.exact });
  }
  try {
    // The pattern alone first: one that closes a group of its own must not open the anchors.
    const inner = new RegExp(expected.pattern, "u").source;
    const whole = new RegExp(`^(?:${inner})$`, "u");
    return ok({ matches: (identity) => whole.test(identity), shown: expected.pattern });
  } catch {
    // The engine's words differ between run times.
    return refuse("identity-pattern-invalid", { actual: expected.pattern });
  }
}

/** Compares what Fulcio vouches for with what is wanted. Errors: `signer-identity-mismatch`, `signer-issuer-mismatch`. */
export function matchSigner(
  { identity, issuer }: SignerClaims,
  matcher: IdentityMatcher,
  expectedIssuer: string,
): Result<null, SigstoreError> {
  if (!matcher.matches(identity)) {
    return refuse("signer-identity-mismatch", { expected: matcher.shown, actual: identity });
  }
  return issuer === expectedIssuer
    ? ok(null)
    : refuse("signer-issuer-mismatch", { expected: expectedIssuer, actual: issuer });
}
