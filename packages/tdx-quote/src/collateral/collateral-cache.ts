import type { Collateral } from "../collateral-bundle.ts";
import { failure, type Failure } from "../failure.ts";
import { parseHex, toHex } from "../hex.ts";
import { err, ok, type Result } from "../result.ts";
import { isUnknownPlatform } from "./pcs-client.ts";
import type { CollateralChannel, CollateralPlatform, CollateralSource } from "./platform.ts";
import type { PlatformStatus, SourceFailure } from "./platform-status.ts";
import { createCollateralVerifier, type VerifiedCollateral, type VerifyCollateral } from "./verify-collateral.ts";

/** Ports and bounds of a collateral cache; all times in seconds. */
export interface CollateralCacheOptions {
  /** Where sets come from, at least one: the next is asked when those before it give nothing, or nothing fresh. */
  readonly sources: readonly CollateralSource[];
  /** Which edition the sources serve, for {@link PlatformStatus}: one cache for each, see `PcsClientOptions.update`. */
  readonly channel?: CollateralChannel;
  /** Judges what was fetched; default: against Intel's root. */
  readonly verify?: VerifyCollateral;
  /** The clock, Unix seconds. */
  readonly now: () => number;
  /** Told about every attempt when it has ended. */
  readonly observe?: (status: PlatformStatus) => void;
  /** Most platforms remembered, known and unknown; at least 1. Default 64. */
  readonly maxPlatforms?: number;
  /** How long before expiry a set is fetched anew. Default 7 days: an outage shorter than that goes unnoticed. */
  readonly refreshAheadSeconds?: number;
  /** Age at which a set is fetched anew although it has not expired, to hear of revocations. Default 6 hours. */
  readonly refreshAfterSeconds?: number;
  /** Pause after a first failure; doubles with each further one. Default 5. */
  readonly retrySeconds?: number;
  /** Longest pause between attempts, and the shortest between refreshes that succeed. Default 300. */
  readonly maxRetrySeconds?: number;
  /** How long an FMSPC that the service does not know is remembered as such. Default 300. */
  readonly unknownPlatformSeconds?: number;
}

/** Collateral by platform, kept fresh. */
export interface CollateralCache {
  /**
   * Gives collateral that verifies now. A held set comes at once, and a refresh that is due runs behind it; otherwise all
   * callers for a platform wait for one fetch.
   *
   * @param platform - **only of a PCK chain that verified to the root** (`verifyPckChain`), or anyone can fill the cache
   * Errors: those of the source and of the verification; during the pause after a failure, that failure again.
   */
  get(platform: CollateralPlatform): Promise<Result<Collateral, Failure>>;
  /** The held set, if it is valid now; nothing is fetched, and the platform does not count as used. */
  peek(platform: CollateralPlatform): Collateral | null;
  /**
   * Refreshes every held set that is due, and fetches for the platforms that have none because their sources failed, for an
   * application that has a timer; resolves when all attempts have ended.
   */
  refreshDue(): Promise<void>;
  /** One line per platform, the least recently used first. */
  status(): readonly PlatformStatus[];
}

interface Held extends VerifiedCollateral {
  readonly source: string;
  readonly fetchedAt: number;
}

interface Entry {
  readonly platform: CollateralPlatform;
  held: Held | null;
  inFlight: Promise<void> | null;
  /** When an attempt last succeeded, whether or not its set replaced the held one. */
  checkedAt: number;
  failedAt: number;
  retryAt: number;
  consecutiveFailures: number;
  lastFailure: Failure | null;
  failedSources: readonly SourceFailure[];
  discardedAsOlder: number;
}

const DAY_SECONDS = 86_400;

/** Fetched and verified, and yet there is nothing to serve: it ended on its way, or the clock stands before the set held. */
const NOT_VALID_NOW: Failure = failure("fetch", "fetch-failed", { subject: "collateral", reason: "not valid now" });

/**
 * Makes a cache of verified collateral.
 *
 * Never served: a set past its earliest expiry, or one that did not verify. Never replaced: a set that has not expired by an
 * older one (lower TCB evaluation data number or CRL number), by one for another platform, or by a failure. Bounded: the least recently
 * used platform goes first, and of those one without a set before one with. Attempts that fail are spaced out, so that a storm of
 * requests is no storm on Intel.
 *
 * Nothing here judges a quote: `verifyQuote` verifies the collateral again at its own `now`.
 *
 * @throws RangeError when `maxPlatforms` is no whole number from 1 (an unbounded cache could be filled by strangers), and
 * without a source
 * Source: Intel PCS API v4 (issue date, next update, TCB evaluation data number); RFC 5280, sections 5.1.2.5 and 5.2.3.
 */
export function createCollateralCache(options: CollateralCacheOptions): CollateralCache {
  const {
    sources,
    channel = "standard",
    verify = createCollateralVerifier(),
    now,
    observe = () => {},
    maxPlatforms = 64,
    refreshAheadSeconds = 7 * DAY_SECONDS,
    refreshAfterSeconds = DAY_SECONDS / 4,
    retrySeconds = 5,
    maxRetrySeconds = 300,
    unknownPlatformSeconds = 300,
  } = options;
  if (!Number.isSafeInteger(maxPlatforms) || maxPlatforms < 1) {
    throw new RangeError(`maxPlatforms must be 1 or more, not ${maxPlatforms}`);
  }
  if (sources.length === 0) throw new RangeError("collateral needs a source");
  /** In order of use: a platform that is asked for moves to the end. */
  const entries = new Map<string, Entry>();

  function entryOf(platform: CollateralPlatform): Entry {
    const key = `${platform.fmspc}/${platform.ca}`;
    const known = entries.get(key);
    if (known === undefined && entries.size >= maxPlatforms) makeRoom();
    const entry = known ?? newEntry(platform);
    entries.delete(key);
    entries.set(key, entry);
    return entry;
  }

  /** Makes room for one more: first what is least worth keeping, and of that what was used least recently. */
  function makeRoom(): void {
    const byWorth = [...entries].toSorted(([, one], [, other]) => worth(one) - worth(other));
    for (const [key] of byWorth.slice(0, entries.size - maxPlatforms + 1)) entries.delete(key);
  }

  function isPausing(entry: Entry, at: number): boolean {
    // A clock that was set back must not turn a pause of minutes into one of years.
    return at >= entry.failedAt && at < entry.retryAt;
  }

  function isRefreshDue(entry: Entry, held: Held, at: number): boolean {
    if (isPausing(entry, at)) return false;
    const aheadOfExpiry = Math.max(held.validUntil - refreshAheadSeconds, entry.checkedAt + maxRetrySeconds);
    return at < entry.checkedAt || at >= Math.min(aheadOfExpiry, entry.checkedAt + refreshAfterSeconds);
  }

  /** Joins the attempt under way or starts one; never rejects. */
  function refresh(entry: Entry): Promise<void> {
    entry.inFlight ??= attempt(entry).finally(() => {
      entry.inFlight = null;
    });
    return entry.inFlight;
  }

  async function attempt(entry: Entry): Promise<void> {
    const failed: SourceFailure[] = [];
    // What is told: that a source is out of order rather than that another does not know the platform.
    let problem = NOT_VALID_NOW;
    const fail = (source: CollateralSource, reason: Failure): void => {
      if (failed.length === 0 || isUnknownPlatform(problem)) problem = reason;
      failed.push({ source: source.name, failure: reason });
    };
    let isServed = false;
    for (const source of sources) {
      const fetched = await fetchVerified(source, entry.platform);
      const at = now();
      const older = entry.discardedAsOlder;
      if (fetched.ok) entry.held = preferred(entry, source.name, fetched.value, at);
      if (!fetched.ok) fail(source, fetched.error);
      else if (entry.held === null || !isValidAt(entry.held, at)) fail(source, NOT_VALID_NOW);
      else isServed = true;
      // A source that lags, or is made to, must not keep the next one from giving what is newer.
      if (isServed && older === entry.discardedAsOlder && !isNearExpiry(entry, at)) break;
    }
    const at = now();
    entry.failedSources = failed;
    if (isServed) {
      entry.consecutiveFailures = 0;
      entry.lastFailure = null;
      entry.retryAt = 0;
      entry.checkedAt = at;
    } else {
      recordFailure(entry, problem, at);
    }
    observe({ ...statusOf(entry, at), isRefreshing: false });
  }

  function isNearExpiry({ held }: Entry, at: number): boolean {
    return held === null || held.validUntil - refreshAheadSeconds <= at;
  }

  function recordFailure(entry: Entry, problem: Failure, at: number): void {
    entry.consecutiveFailures += 1;
    entry.lastFailure = problem;
    entry.failedAt = at;
    entry.retryAt = at + pauseAfter(problem, entry.consecutiveFailures);
  }

  /** Which set to hold from now on. */
  function preferred(entry: Entry, source: string, fetched: VerifiedCollateral, at: number): Held {
    const { held } = entry;
    const candidate: Held = { ...fetched, source, fetchedAt: at };
    // Not "valid now": a clock set back before the held set must not open the way for an older one.
    if (held === null || at > held.validUntil) return candidate;
    if (isOlder(fetched, held)) {
      entry.discardedAsOlder += 1;
      return held;
    }
    // The same edition again, from a source that lags: nothing is gained by the set that ends sooner.
    return !isOlder(held, fetched) && fetched.validUntil < held.validUntil ? held : candidate;
  }

  async function fetchVerified(
    source: CollateralSource,
    platform: CollateralPlatform,
  ): Promise<Result<VerifiedCollateral, Failure>> {
    try {
      const bundle = await source.fetchCollateral(platform);
      if (!bundle.ok) return bundle;
      const verified = await verify(bundle.value, now());
      if (!verified.ok) return verified;
      const { fmspc, ca } = verified.value;
      if (fmspc === platform.fmspc && ca === platform.ca) return verified;
      return err(
        failure("fetch", "fetch-failed", {
          subject: "collateral",
          reason: "for another platform",
          expected: `${platform.fmspc}/${platform.ca}`,
          actual: `${fmspc}/${ca}`,
        }),
      );
    } catch (cause) {
      // A port that throws breaks its contract; a refresh in the background must not take the process down with it.
      const reason = cause instanceof Error ? cause.message : "the source failed";
      return err(failure("fetch", "fetch-failed", { subject: "collateral", reason }));
    }
  }

  function pauseAfter(error: Failure, consecutiveFailures: number): number {
    if (isUnknownPlatform(error)) return unknownPlatformSeconds;
    return Math.min(maxRetrySeconds, retrySeconds * 2 ** (consecutiveFailures - 1));
  }

  async function get({ fmspc, ca }: CollateralPlatform): Promise<Result<Collateral, Failure>> {
    const fmspcBytes = parseHex(fmspc, 6);
    if (fmspcBytes === null) {
      return err(failure("fetch", "fetch-failed", { subject: "FMSPC", reason: "not 6 bytes of hex" }));
    }
    const entry = entryOf({ fmspc: toHex(fmspcBytes), ca });
    const at = now();
    if (entry.held !== null && isValidAt(entry.held, at)) {
      if (isRefreshDue(entry, entry.held, at)) void refresh(entry);
      return ok(entry.held.collateral);
    }
    if (entry.inFlight !== null || !isPausing(entry, at)) await refresh(entry);
    if (entry.held !== null && isValidAt(entry.held, now())) return ok(entry.held.collateral);
    return err(entry.lastFailure ?? NOT_VALID_NOW);
  }

  function peek({ fmspc, ca }: CollateralPlatform): Collateral | null {
    const held = entries.get(`${fmspc.toLowerCase()}/${ca}`)?.held ?? null;
    return held !== null && isValidAt(held, now()) ? held.collateral : null;
  }

  async function refreshDue(): Promise<void> {
    const at = now();
    const due = [...entries.values()].filter((entry) =>
      entry.held === null ? isPrefetchDue(entry, at) : isRefreshDue(entry, entry.held, at),
    );
    await Promise.all(due.map(refresh));
  }

  /** A platform that showed itself while no source answered is fetched for before it asks again; one nobody knows is not. */
  function isPrefetchDue(entry: Entry, at: number): boolean {
    return !isPausing(entry, at) && entry.lastFailure !== null && !isUnknownPlatform(entry.lastFailure);
  }

  function status(): readonly PlatformStatus[] {
    const at = now();
    return [...entries.values()].map((entry) => statusOf(entry, at));
  }

  function statusOf(entry: Entry, at: number): PlatformStatus {
    const { platform, held, inFlight, consecutiveFailures, lastFailure, failedSources, discardedAsOlder } = entry;
    return {
      ...platform,
      channel,
      source: held?.source ?? null,
      state: held === null ? "absent" : isValidAt(held, at) ? "valid" : "expired",
      fetchedAt: held?.fetchedAt ?? null,
      ageSeconds: held === null ? null : at - held.fetchedAt,
      validFrom: held?.validFrom ?? null,
      expiresAt: held?.validUntil ?? null,
      secondsLeft: held === null ? null : Math.max(0, held.validUntil - at),
      tcbEvaluationDataNumber: held?.tcbEvaluationDataNumber ?? null,
      isRefreshing: inFlight !== null,
      consecutiveFailures,
      lastFailure,
      failedSources,
      discardedAsOlder,
    };
  }

  return { get, peek, refreshDue, status };
}

function newEntry(platform: CollateralPlatform): Entry {
  return {
    platform,
    held: null,
    inFlight: null,
    checkedAt: 0,
    failedAt: 0,
    retryAt: 0,
    consecutiveFailures: 0,
    lastFailure: null,
    failedSources: [],
    discardedAsOlder: 0,
  };
}

/** A platform without a set and without a fetch under way is only the memory of a failure. */
function worth({ held, inFlight }: Entry): number {
  return held === null && inFlight === null ? 0 : 1;
}

/** Both bounds belong to the window, as everywhere in this package. */
function isValidAt(verified: VerifiedCollateral, at: number): boolean {
  return verified.validFrom <= at && at <= verified.validUntil;
}

/** Whether any of the four numbers that Intel only ever raises is lower. */
function isOlder(candidate: VerifiedCollateral, held: VerifiedCollateral): boolean {
  return (
    candidate.tcbEvaluationDataNumber.tcbInfo < held.tcbEvaluationDataNumber.tcbInfo ||
    candidate.tcbEvaluationDataNumber.qeIdentity < held.tcbEvaluationDataNumber.qeIdentity ||
    candidate.crlNumber.rootCa < held.crlNumber.rootCa ||
    candidate.crlNumber.pck < held.crlNumber.pck
  );
}
