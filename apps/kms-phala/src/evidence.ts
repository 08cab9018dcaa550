import { type Collateral, createQuoteVerifier, type Failure, failure, INTEL_SGX_ROOT_CA } from "@mero-tee/tdx-quote";
import {
  type CollateralSource,
  createCollateralCache,
  createCollateralVerifier,
  type PlatformStatus,
} from "@mero-tee/tdx-quote/collateral";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";
import { COLLATERAL_WAIT_MS } from "./collateral/collateral-sources.ts";
import { createConcurrencyLimit } from "./concurrency-limit.ts";
import { withDeadline } from "./deadline.ts";
import type { HeldEarlyCollateral } from "./observe/tcb-watch.ts";
import type { CollateralCondition } from "./observe/readiness.ts";
import type { QuoteVerification } from "./quote-verification.ts";

// Few kinds of machine run nodes; a platform nobody needs any more makes room.
const MAX_PLATFORMS = 64;
// Nothing waits for a forecast, and early documents change once in months.
const EARLY_REFRESH_SECONDS = 86_400;

/** Settings of {@link createEvidence}. */
export interface EvidenceOptions {
  /** Where collateral comes from, in order; nothing that they give is trusted. */
  readonly sources: readonly CollateralSource[];
  /** The same places asked for the early edition, which no verdict rests on; absent or empty: none is kept. */
  readonly earlySources?: readonly CollateralSource[];
  /** How long a request may wait for a fetch; the fetch goes on behind it. */
  readonly waitMs?: number;
  /** Told about every attempt to fetch when it has ended. */
  readonly observe?: (status: PlatformStatus) => void;
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
  /** Fetches anew what is due, of both editions; resolves when all attempts have ended. */
  refreshDue(): Promise<void>;
  /** Early collateral that is held, for forecasts. */
  readonly heldEarly: HeldEarlyCollateral;
  /** What is held, for readiness and metrics. */
  condition(): CollateralCondition;
  /** What is held of the early edition, platform by platform. */
  earlyCollateral(): readonly PlatformStatus[];
}

/** Verifies quotes against cached collateral and one trust anchor; nothing is remembered but what was judged good. */
export function createEvidence(options: EvidenceOptions): Evidence {
  const { now, waitMs = COLLATERAL_WAIT_MS, earlySources = [] } = options;
  const rootCa = options.rootCa ?? INTEL_SGX_ROOT_CA;
  const verifier = createQuoteVerifier({ rootCa });
  const verify = createCollateralVerifier(rootCa);
  const observe = options.observe === undefined ? {} : { observe: options.observe };
  const common = { now, verify, maxPlatforms: MAX_PLATFORMS, ...observe };
  const cache = createCollateralCache({ ...common, sources: options.sources });
  const early =
    earlySources.length === 0
      ? null
      : createCollateralCache({
          ...common,
          sources: earlySources,
          channel: "early",
          refreshAfterSeconds: EARLY_REFRESH_SECONDS,
        });
  // Set back below it, the clock would let expired collateral pass for fresh.
  let newestIssueDate = 0;
  const waits = createConcurrencyLimit(options.maxWaits);
  const isClockBehind = (): boolean => now() < newestIssueDate;

  return {
    async platformOf(quote) {
      const platform = await verifier.verifyPckChain(quote, { now: now() });
      return platform.ok ? ok({ fmspc: platform.value.fmspc, ca: platform.value.ca }) : platform;
    },
    async collateralFor(platform) {
      if (isClockBehind()) return unavailable("the clock is behind the newest collateral that was accepted");
      if (cache.peek(platform) !== null) return cache.get(platform);
      const slot = waits.tryAcquire();
      if (slot === null) return unavailable("too many requests wait for collateral");
      try {
        return await withDeadline(cache.get(platform), waitMs, () => unavailable("no source answered in time"));
      } finally {
        slot();
      }
    },
    async verify(quote, collateral) {
      const verified = await verifier.verify(quote, collateral, { now: now() });
      if (verified.ok) newestIssueDate = Math.max(newestIssueDate, issueDateOf(collateral));
      return verified;
    },
    async refreshDue() {
      await cache.refreshDue();
      await early?.refreshDue();
      // Only platforms whose standard collateral is held: they showed a genuine PCK chain, and a service knows them.
      const known = cache.status().filter(({ state }) => state === "valid");
      // One after the other: there is no hurry, and the services have other callers.
      for (const platform of known) await early?.get(platform);
    },
    // TCB info and QE identity, which a forecast is made from, are the same under either CA.
    heldEarly: ({ fmspc }) => early?.peek({ fmspc, ca: "platform" }) ?? early?.peek({ fmspc, ca: "processor" }) ?? null,
    earlyCollateral: () => early?.status() ?? [],
    condition: () => ({ platforms: cache.status(), isClockBehind: isClockBehind() }),
  };
}

function unavailable(reason: string): Result<Collateral, Failure> {
  return err(failure("fetch", "fetch-failed", { subject: "collateral", reason }));
}

function issueDateOf({ tcbInfo, qeIdentity }: Collateral): number {
  return Math.max(tcbInfo.issueDate, qeIdentity.issueDate);
}
