import { type Collateral, createQuoteVerifier, type Failure, failure, INTEL_SGX_ROOT_CA } from "@mero-tee/tdx-quote";
import {
  type CollateralPlatform,
  createCollateralCache,
  createCollateralVerifier,
  type FetchCollateral,
} from "@mero-tee/tdx-quote/collateral";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";
import { createConcurrencyLimit } from "./concurrency-limit.ts";
import type { HeldEarlyCollateral } from "./observe/tcb-watch.ts";
import type { CollateralCondition } from "./observe/readiness.ts";
import type { QuoteVerification } from "./quote-verification.ts";

// Few kinds of machine run nodes; a platform nobody needs any more makes room.
const MAX_PLATFORMS = 64;

/** Settings of {@link createEvidence}. */
export interface EvidenceOptions {
  /** Where collateral comes from; nothing it gives is trusted. */
  readonly fetchCollateral: FetchCollateral;
  /** Wall clock, whole Unix seconds. */
  readonly now: () => number;
  /**
   * Requests that may wait for a fetch. Anyone can put the public PCK chain of a genuine machine into a made-up quote,
   * and then waits for that machine's collateral: fewer may than there are key releases in flight, so that while a
   * source does not answer, the rest is left to nodes whose collateral is at hand.
   */
  readonly maxWaits: number;
  /** DER of the root that replaces Intel's for this process, or null. */
  readonly rootCa: Uint8Array<ArrayBuffer> | null;
}

/** Verification that keeps its collateral fresh. */
export interface Evidence extends QuoteVerification {
  /** Fetches anew what is due; resolves when all attempts have ended. */
  refreshDue(): Promise<void>;
  /** Early collateral that is held, for forecasts; absent where none is ever fetched. */
  readonly heldEarly?: HeldEarlyCollateral;
  /** What is held, for readiness and metrics. */
  condition(): CollateralCondition;
}

/** Verifies quotes against cached collateral and one trust anchor; nothing is remembered but what was judged good. */
export function createEvidence(options: EvidenceOptions): Evidence {
  const { fetchCollateral, now } = options;
  const rootCa = options.rootCa ?? INTEL_SGX_ROOT_CA;
  const verifier = createQuoteVerifier({ rootCa });
  const cache = createCollateralCache({
    fetchCollateral,
    now,
    verify: createCollateralVerifier(rootCa),
    maxPlatforms: MAX_PLATFORMS,
  });
  // Set back below it, the clock would let expired collateral pass for fresh.
  let newestIssueDate = 0;
  const waits = createConcurrencyLimit(options.maxWaits);
  const isClockBehind = (): boolean => now() < newestIssueDate;
  const isAtHand = ({ fmspc, ca }: CollateralPlatform): boolean =>
    cache.status().some((known) => known.fmspc === fmspc && known.ca === ca && known.state === "valid");

  return {
    async platformOf(quote) {
      const platform = await verifier.verifyPckChain(quote, { now: now() });
      return platform.ok ? ok({ fmspc: platform.value.fmspc, ca: platform.value.ca }) : platform;
    },
    async collateralFor(platform) {
      if (isClockBehind()) return unavailable("the clock is behind the newest collateral that was accepted");
      if (isAtHand(platform)) return cache.get(platform);
      const slot = waits.tryAcquire();
      if (slot === null) return unavailable("too many requests wait for collateral");
      try {
        return await cache.get(platform);
      } finally {
        slot();
      }
    },
    async verify(quote, collateral) {
      const verified = await verifier.verify(quote, collateral, { now: now() });
      if (verified.ok) newestIssueDate = Math.max(newestIssueDate, issueDateOf(collateral));
      return verified;
    },
    refreshDue: () => cache.refreshDue(),
    condition: () => ({ platforms: cache.status(), isClockBehind: isClockBehind() }),
  };
}

function unavailable(reason: string): Result<Collateral, Failure> {
  return err(failure("fetch", "fetch-failed", { subject: "collateral", reason }));
}

function issueDateOf({ tcbInfo, qeIdentity }: Collateral): number {
  return Math.max(tcbInfo.issueDate, qeIdentity.issueDate);
}
