import type { PlatformStatus } from "@mero-tee/tdx-quote/collateral";
import type { FastifyBaseLogger } from "fastify";

/**
 * Logs how an attempt to fetch collateral ended. A source that gives nothing is a warning even where the next one helps: the
 * day on which it does not comes without notice.
 */
export function logCollateral(log: Pick<FastifyBaseLogger, "info" | "warn">, status: PlatformStatus): void {
  const { fmspc, ca, channel, state, source, ageSeconds, secondsLeft, failedSources } = status;
  const facts = { fmspc, ca, channel, state, source, ageSeconds, secondsLeft };
  if (failedSources.length === 0) {
    log.info(facts, "collateral is fresh");
    return;
  }
  const failed = failedSources.map(({ source: name, failure: { code, facts: why } }) => ({
    source: name,
    code,
    subject: why.subject,
    reason: why.reason,
    status: why.actual,
  }));
  log.warn(
    { ...facts, failed },
    status.consecutiveFailures === 0 ? "a source gave no collateral" : "no source gave collateral",
  );
}
