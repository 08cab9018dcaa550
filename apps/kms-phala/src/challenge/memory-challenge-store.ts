import { parseChallengeId, type PeerId } from "@mero-tee/kms-protocol";
import { toHex } from "@mero-tee/tdx-quote/hex";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";
import type { ChallengeClock } from "./challenge-clock.ts";
import {
  CHALLENGE_RANDOM_BYTES,
  challengeExpiry,
  challengeNonce,
  isIssuedTo,
  mintChallengeId,
} from "./challenge-id.ts";
import type { ChallengeStore, ConsumedChallenge, ConsumeError } from "./challenge-store.ts";
import { createSpentSet } from "./spent-set.ts";

// An id never lies further ahead than its lifetime. The slack keeps a second that is counted on two clocks from refusing
// a fresh challenge; what lies beyond it was issued under another lifetime.
const CLOCK_SKEW_SECONDS = 2;
const KEY_BYTES = 32;

/** Settings of {@link createMemoryChallengeStore}. */
export interface MemoryChallengeOptions {
  readonly ttlSeconds: number;
  /** Bound of the spent set. */
  readonly maxSpent: number;
  readonly clock: ChallengeClock;
}

/**
 * Makes the challenge store of one instance: issuing stores nothing, spending is remembered in memory until expiry.
 * The key is made here and never leaves: after a restart every open challenge is void, and nothing spent can return.
 */
export function createMemoryChallengeStore(options: MemoryChallengeOptions): ChallengeStore {
  const { ttlSeconds, clock } = options;
  const key = crypto.getRandomValues(new Uint8Array(KEY_BYTES));
  const spent = createSpentSet(options.maxSpent);

  const consume = (challengeId: string, peerId: PeerId): Result<ConsumedChallenge, ConsumeError> => {
    const id = parseChallengeId(challengeId);
    if (id === null) return err("challenge-unknown");
    const now = clock();
    const expiresAt = challengeExpiry(id);
    if (expiresAt <= now) return err("challenge-expired");
    if (expiresAt > now + ttlSeconds + CLOCK_SKEW_SECONDS) return err("challenge-unknown");
    if (!isIssuedTo(key, id, peerId)) return err("challenge-unknown");
    // The decoded bytes are what is spent: `AB` and `ab` are one challenge.
    const spentId = toHex(id);
    const inserted = spent.insert(spentId, expiresAt, now);
    if (inserted === "spent") return err("challenge-spent");
    if (inserted === "full") return err("rate-limited");
    return ok({
      nonce: challengeNonce(key, id, peerId),
      release: () => spent.settle(spentId, "released"),
      fail: () => spent.settle(spentId, "failed"),
    });
  };
  return {
    issue(peerId) {
      const expiresAt = clock() + ttlSeconds;
      const random = crypto.getRandomValues(new Uint8Array(CHALLENGE_RANDOM_BYTES));
      const id = mintChallengeId(key, peerId, expiresAt, random);
      return Promise.resolve(ok({ challengeId: toHex(id), nonce: challengeNonce(key, id, peerId), expiresAt }));
    },
    consume: (challengeId, peerId) => Promise.resolve(consume(challengeId, peerId)),
  };
}
