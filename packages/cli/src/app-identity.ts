import type { Profile } from "@mero-tee/policy";
import { documentText } from "@mero-tee/release-artifacts";
import { type ReplayComparison, type TdxQuote, verifyQuote } from "@mero-tee/tdx-quote";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

import { cliFailure } from "./cli-failure.ts";
import { type CollateralFlags, obtainCollateral } from "./collateral-source.ts";
import type { Ports } from "./context.ts";
import { refusalOfCli, refusalOfEvidence, type Refusal } from "./failure-view.ts";
import { loadRootCa } from "./root-ca-file.ts";

/** How the quote of an identity is verified. */
export interface IdentityTrust extends CollateralFlags {
  readonly at?: number;
  readonly rootCa?: string;
}

/** What a log that explains its quote says of the application. */
export interface ReplayedApplication {
  readonly quote: TdxQuote;
  readonly comparison: ReplayComparison;
  readonly composeHash: string | null;
  readonly appId: string | null;
}

/**
 * The text of `kms-app-identity.json`: what runs on a machine, proven by a quote that is verified first.
 *
 * @param application - its RTMR3 equals that of the quote
 * Errors: those of files, collateral and quote; `input-unrecognised` for a log that names no application.
 * Source: docs/releases.md.
 */
export async function appIdentityText(
  ports: Ports,
  trust: IdentityTrust,
  profile: Profile,
  { quote, comparison, composeHash, appId }: ReplayedApplication,
): Promise<Result<string, Refusal>> {
  if (composeHash === null || appId === null || !comparison.rtmr3.matches) {
    const message = "The log names no application: it has no compose-hash or no app-id, or explains no RTMR3.";
    return err(refusalOfCli(cliFailure("input-unrecognised", message)));
  }
  const now = trust.at ?? ports.nowSeconds();
  const root = trust.rootCa === undefined ? ok(null) : await loadRootCa(ports.files, trust.rootCa);
  if (!root.ok) return err(refusalOfCli(root.error));
  const anchor = { now, ...(root.value === null ? {} : { rootCa: root.value }) };
  const collateral = await obtainCollateral(ports, trust, { quote, ...anchor });
  if (!collateral.ok) return collateral;
  const verified = await verifyQuote(quote, collateral.value, anchor);
  if (!verified.ok) return err(refusalOfEvidence(verified.error));
  const { rtmr0, rtmr1, rtmr2 } = comparison;
  return ok(
    documentText({
      schema_version: 1,
      compose_hash: composeHash,
      app_id: appId,
      profile,
      quote_verified: true,
      event_log_verified: true,
      os_image_hash_verified: rtmr0.matches && rtmr1.matches && rtmr2.matches,
    }),
  );
}
