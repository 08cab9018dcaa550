import type { QuoteView } from "@mero-tee/tdx-quote";
import type { JsonValue } from "@mero-tee/tdx-quote/json";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

import type { Anchors, TrustAuthorityAnswer } from "./request.ts";
import { type ClaimComparison, compareClaims } from "./trust-authority-claims.ts";
import { type TokenProblem, type TrustAuthorityToken, verifyTrustAuthorityToken } from "./trust-authority-token.ts";

/** What Intel Trust Authority says about the very machine that a quote is of. */
export interface SecondOpinion {
  readonly token: TrustAuthorityToken;
  /** As Intel spells it; a word that nobody knows as it came. It may have been judged by another baseline than ours. */
  readonly tcbStatus: string | null;
  readonly advisoryIds: readonly string[];
}

/**
 * Verifies a second opinion for whoever demands one: the token holds, every claim of it about the machine is in the quote, none is
 * left out, the machine cannot be debugged, every policy that it was judged by matched, and those that were asked for are among them.
 *
 * @param policyIds - by which policies the machine had to be judged
 * @param now - Unix seconds
 * Errors: those of {@link verifyTrustAuthorityToken}; `ita-claims-differ`, `ita-claims-missing`, `ita-debuggable`,
 * `ita-policies-unmatched`.
 * Source: Intel Trust Authority, attestation tokens; docs/releases.md.
 */
export async function verifySecondOpinion(
  answer: TrustAuthorityAnswer,
  quote: QuoteView,
  { trust, policyIds }: { readonly trust: Anchors["trustAuthority"]; readonly policyIds: readonly string[] },
  now: number,
): Promise<Result<SecondOpinion, TokenProblem>> {
  const token = await verifyTrustAuthorityToken(answer, trust, now);
  if (!token.ok) return token;
  const held = holdClaims(token.value.claims, quote);
  if (!held.ok) return held;
  const { tcbStatus, advisoryIds, matchedPolicies } = held.value;
  const matched = new Set(matchedPolicies.map((id) => id.toLowerCase()));
  const unmatched = policyIds.filter((id) => !matched.has(id.toLowerCase()));
  if (unmatched.length > 0) return refuse("ita-policies-unmatched", `Policies did not match: ${unmatched.join(", ")}`);
  return ok({ token: token.value, tcbStatus, advisoryIds });
}

/**
 * Holds the claims of a token to a quote: every one about the machine is in it, none is left out, the machine cannot be debugged,
 * and every policy that it was judged by matched. Who made the claims is not looked at.
 *
 * Errors: `ita-claims-differ`, `ita-claims-missing`, `ita-debuggable`, `ita-policies-unmatched`.
 * Source: Intel Trust Authority, attestation tokens.
 */
export function holdClaims(
  claims: ReadonlyMap<string, JsonValue>,
  quote: QuoteView,
): Result<ClaimComparison, TokenProblem> {
  const compared = compareClaims(claims, quote);
  const { differing, missing, isDebuggable, unmatchedPolicies } = compared;
  if (differing.length > 0) return refuse("ita-claims-differ", `It is of another machine: ${differing.join(", ")}`);
  if (missing.length > 0) return refuse("ita-claims-missing", `It does not say: ${missing.join(", ")}`);
  if (isDebuggable) return refuse("ita-debuggable", "It says that the machine can be debugged");
  if (unmatchedPolicies.length > 0)
    return refuse("ita-policies-unmatched", `Policies did not match: ${unmatchedPolicies.join(", ")}`);
  return ok(compared);
}

function refuse(code: TokenProblem["code"], what: string): { readonly ok: false; readonly error: TokenProblem } {
  return err({ code, sentence: `${what}.` });
}
