import type { Profile } from "@mero-tee/policy";
import { toHex } from "@mero-tee/tdx-quote/hex";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";
import type { GuestAgent } from "../guest-agent.ts";
import type { Schedule } from "../policy/policy-holder.ts";
import type { ClockSource } from "./challenge-clock.ts";
import { type ChallengeKey, mintChallenge } from "./challenge-id.ts";
import { type ChallengeKeys, dayOf, deriveChallengeKeys } from "./challenge-keys.ts";
import { createRandomPool } from "./challenge-random.ts";
import type { ChallengeStore, ConsumedChallenge, ConsumeError } from "./challenge-store.ts";
import { recogniseChallenge, type RecognisedChallenge } from "./recognise-challenge.ts";
import type { SharedSetError, SharedSpentSet } from "./shared-spent-set.ts";

/** How far the clock of this machine may be from that of the server that keeps spent challenges. */
export const CLOCK_TOLERANCE_MS = 5_000;
// An entry must outlive its challenge on every instance: the one that spends it may be 5 s ahead of the server, one
// that is asked again 5 s behind, and an id may lie 2 s beyond its lifetime. The rest is rounding.
const SPENT_SLACK_SECONDS = 15;
const PROBE_MS = 5_000;
const RETRY_MS = 500;
// The key of the next day is derived this long before the first challenge needs it.
const KEYS_AHEAD_SECONDS = 60;

/** Settings of {@link createSharedChallengeStore}. */
export interface SharedChallengeOptions {
  readonly ttlSeconds: number;
  readonly profile: Profile;
  readonly spent: SharedSpentSet;
  readonly agent: Pick<GuestAgent, "deriveKey">;
  readonly clock: ClockSource;
  readonly schedule: Schedule;
  /** Told whenever the store becomes usable (null) or unusable, and about each other reason why it stays so. */
  readonly observe: (problem: SharedSetError | null) => void;
}

/** A store that has to be started. */
export interface SharedChallengeStore extends ChallengeStore {
  /** Connects; resolves when the first attempt has ended, and goes on watching and trying behind it. */
  start(): Promise<void>;
  stop(): void;
}

/**
 * Makes the challenge store of several instances: each recognises what another issued, since all derive the same keys,
 * and one spent set says which challenge is spent. Nothing is stored at issue.
 *
 * Whatever keeps the set from answering closes the store, so that no request waits for what others have found out, and
 * a probe opens it again. It is never assumed that a challenge is unspent: after each attempt to spend, the generation
 * that stands beside the entries must be the one that the challenge's key was derived from. A set that lost its data
 * has lost that too, and then every open challenge is void. The server's clock decides when entries die, so it is
 * compared with this instance's at the same time.
 */
export function createSharedChallengeStore(options: SharedChallengeOptions): SharedChallengeStore {
  const { ttlSeconds, profile, spent, agent, clock, schedule, observe } = options;
  const random = createRandomPool();
  let keys: ChallengeKeys | null = null;
  let known: ChallengeKeys | null = null;
  let start: { readonly serverMs: number; readonly monotonicMs: number } | null = null;
  let lastReported: string | undefined;
  let cancelProbe: (() => void) | null = null;
  let isProbing = false;
  let isStopped = false;

  const nowMs = (base: { readonly serverMs: number; readonly monotonicMs: number }): number =>
    base.serverMs + clock.monotonicMs() - base.monotonicMs;
  const now = (): number => (start === null ? 0 : Math.floor(nowMs(start) / 1000));

  const report = (problem: SharedSetError | null): void => {
    const said = problem === null ? "" : `${problem.code} ${problem.word ?? ""}`;
    if (said === lastReported) return;
    lastReported = said;
    observe(problem);
  };
  const close = (problem: SharedSetError): void => {
    if (isStopped) return;
    keys = null;
    report(problem);
    void probe();
  };

  /** Takes the server's time for this instance's clock. It never goes back: that would revive what has expired. */
  const setClock = (serverMs: number): boolean => {
    const isRight = Math.abs(clock.wallMs() - serverMs) <= CLOCK_TOLERANCE_MS;
    const ahead = start === null ? Infinity : serverMs - nowMs(start);
    // Far ahead is what a machine sees that was suspended. Only with its wall clock at one with the server's is it that.
    if (ahead > CLOCK_TOLERANCE_MS && isRight) start = { serverMs, monotonicMs: clock.monotonicMs() };
    return isOnTime(serverMs);
  };
  const isOnTime = (serverMs: number): boolean =>
    start !== null && Math.abs(serverMs - nowMs(start)) <= CLOCK_TOLERANCE_MS;

  const openOnce = async (): Promise<Result<ChallengeKeys, SharedSetError>> => {
    const state = await spent.open(close);
    if (!state.ok) return state;
    if (!setClock(state.value.timeMs)) return err({ code: "redis-clock-off" });
    const days = [dayOf(now()), dayOf(now() + ttlSeconds + KEYS_AHEAD_SECONDS)];
    return deriveChallengeKeys(agent, profile, state.value.generationHex, days, known);
  };
  const probe = async (): Promise<void> => {
    if (isProbing || isStopped) return;
    isProbing = true;
    cancelProbe?.();
    const opened = await openOnce();
    isProbing = false;
    if (isStopped) return;
    keys = opened.ok ? opened.value : null;
    if (opened.ok) known = opened.value;
    report(opened.ok ? null : opened.error);
    cancelProbe = schedule(() => void probe(), opened.ok ? PROBE_MS : RETRY_MS);
  };

  const spend = async (
    { id, nonce, expiresAt }: RecognisedChallenge,
    generation: string,
  ): Promise<Result<ConsumedChallenge, ConsumeError>> => {
    // It may have waited in a queue since it was opened: all that it rests on is asked again.
    if (keys === null) return err("challenge-store-unavailable");
    if (keys.generationHex !== generation) return err("challenge-unknown");
    if (expiresAt <= now()) return err("challenge-expired");
    const outcome = await spent.spend(toHex(id), ttlSeconds + SPENT_SLACK_SECONDS);
    if (!outcome.ok) {
      close(outcome.error);
      return err("challenge-store-unavailable");
    }
    const { isFirst, generationHex, timeMs } = outcome.value;
    if (generationHex !== generation) {
      close({ code: "redis-lost-data" });
      return err("challenge-store-unavailable");
    }
    if (!isOnTime(timeMs)) {
      close({ code: "redis-clock-off" });
      return err("challenge-store-unavailable");
    }
    if (!isFirst) return err("challenge-spent");
    // Entries are never given up, whatever becomes of the request.
    return ok({ nonce, release: () => undefined, fail: () => undefined });
  };
  return {
    issue(peerId) {
      const expiresAt = now() + ttlSeconds;
      const key = keys?.byDay.get(dayOf(expiresAt));
      if (key === undefined) return Promise.resolve(err("challenge-store-unavailable"));
      const { id, nonce } = mintChallenge(key, peerId, expiresAt, random());
      return Promise.resolve(ok({ challengeId: toHex(id), nonce, expiresAt }));
    },
    open(challengeId, peerId) {
      const opened = keys;
      if (opened === null) return err("challenge-store-unavailable");
      const keyFor = (expiresAt: number): ChallengeKey | null => opened.byDay.get(dayOf(expiresAt)) ?? null;
      const recognised = recogniseChallenge(challengeId, peerId, { ttlSeconds, now: now(), keyFor });
      if (!recognised.ok) return recognised;
      return ok({ spend: () => spend(recognised.value, opened.generationHex) });
    },
    start: probe,
    stop() {
      isStopped = true;
      keys = null;
      cancelProbe?.();
      spent.close();
    },
  };
}
