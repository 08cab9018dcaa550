import type { Failure } from "../failure.ts";
import type { CollateralChannel, CollateralPlatform } from "./platform.ts";
import type { VerifiedCollateral } from "./verify-collateral.ts";

/** What one source said that led to no set. */
export interface SourceFailure {
  readonly source: string;
  readonly failure: Failure;
}

/** What a cache holds for one platform, for metrics and readiness; times in Unix seconds. */
export interface PlatformStatus extends CollateralPlatform {
  readonly channel: CollateralChannel;
  /** The source of the held set; null where there is none. */
  readonly source: string | null;
  /** `absent`: never fetched with success. `expired`: held, no longer served. */
  readonly state: "valid" | "expired" | "absent";
  readonly fetchedAt: number | null;
  readonly ageSeconds: number | null;
  /** First and last second at which the set is served. */
  readonly validFrom: number | null;
  readonly expiresAt: number | null;
  /** How long the set will still be served if no source gives another; 0 once it has expired. */
  readonly secondsLeft: number | null;
  readonly tcbEvaluationDataNumber: VerifiedCollateral["tcbEvaluationDataNumber"] | null;
  readonly isRefreshing: boolean;
  /** Attempts in a row in which no source gave a set that verifies. */
  readonly consecutiveFailures: number;
  /** What is told about the last attempt, if it failed. */
  readonly lastFailure: Failure | null;
  /** The sources that gave nothing in the last attempt, in their order, also where a later one gave a set. */
  readonly failedSources: readonly SourceFailure[];
  /** Fetched sets that were genuine and older than the one held. A number that rises means a source that lags or rolls back. */
  readonly discardedAsOlder: number;
}
