import { INTEL_TRUST_AUTHORITY, type TokenProblem, verifySecondOpinion } from "@mero-tee/appraisal";
import { formatRfc3339Utc, type QuoteView } from "@mero-tee/tdx-quote";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

import type { Ports } from "./context.ts";
import { EXIT } from "./exit-code.ts";
import type { Refusal } from "./failure-view.ts";
import { withProgress } from "./output.ts";
import { askTrustAuthority, type TrustAuthoritySettings } from "./trust-authority-client.ts";

/** A second opinion as it stands in the document of `quote verify`. */
export interface SecondOpinionView {
  /** As Intel spells it; a word that nobody knows as it came. */
  readonly tcbStatus: string | null;
  readonly advisoryIds: readonly string[];
  /** Whom the question went to. */
  readonly appraisalUrl: string;
  readonly issuer: string;
  readonly keyId: string;
  /** RFC 3339. */
  readonly issuedAt: string;
  readonly expiresAt: string;
  /** Compact JWS, for who wants to verify it again. */
  readonly token: string;
}

/**
 * Asks Intel Trust Authority about a quote that has verified here, and holds its answer to the quote.
 *
 * Errors: `ita-unavailable`, in which nobody judged anything (1); every other `ita-*` code (10).
 */
export async function secondOpinion(
  ports: Ports,
  settings: TrustAuthoritySettings,
  quote: { readonly bytes: Uint8Array; readonly view: QuoteView },
  now: number,
): Promise<Result<SecondOpinionView, Refusal>> {
  const work = askTrustAuthority(ports.fetch, settings, quote.bytes);
  const answer = await withProgress(ports, "asking Intel Trust Authority", work);
  if (!answer.ok) return err(refusal("ita-unavailable", `Intel Trust Authority gave no opinion: ${answer.error}.`));
  const trust = { ...INTEL_TRUST_AUTHORITY, issuer: settings.portalUrl };
  const { policyIds } = settings;
  const opinion = await verifySecondOpinion(answer.value, quote.view, { trust, policyIds }, now);
  if (!opinion.ok)
    return err(refusal(opinion.error.code, `Intel Trust Authority's token does not hold. ${opinion.error.sentence}`));
  const { token, tcbStatus, advisoryIds } = opinion.value;
  return ok({
    tcbStatus,
    advisoryIds,
    appraisalUrl: settings.appraisalUrl,
    issuer: settings.portalUrl,
    keyId: token.keyId,
    issuedAt: formatRfc3339Utc(Math.floor(token.issuedAt)),
    expiresAt: formatRfc3339Utc(Math.floor(token.expiresAt)),
    token: answer.value.token,
  });
}

function refusal(code: TokenProblem["code"], message: string): Refusal {
  const exitCode = code === "ita-unavailable" ? EXIT.failed : EXIT.refused;
  return { view: { code, stage: "trust-authority", message }, exitCode };
}
