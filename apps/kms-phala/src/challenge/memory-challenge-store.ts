import { toHex } from "@mero-tee/tdx-quote/hex";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";
import type { ChallengeClock } from "./challenge-clock.ts";
import { mintChallenge, takeChallengeKey } from "./challenge-id.ts";
import { createRandomPool } from "./challenge-random.ts";
import type { ChallengeStore, ConsumedChallenge, ConsumeError } from "./challenge-store.ts";
import { recogniseChallenge, type RecognisedChallenge } from "./recognise-challenge.ts";
import { createSpentSet } from "./spent-set.ts";

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
  const key = takeChallengeKey(crypto.getRandomValues(new Uint8Array(KEY_BYTES)));
  const random = createRandomPool();
  const spent = createSpentSet(options.maxSpent);

  const spend = ({ id, nonce, expiresAt }: RecognisedChallenge): Result<ConsumedChallenge, ConsumeError> => {
    const now = clock();
    // It may have waited in a queue since it was opened.
    if (expiresAt <= now) return err("challenge-expired");
    const spentId = toHex(id);
    const inserted = spent.insert(spentId, expiresAt, now);
    if (inserted === "spent") return err("challenge-spent");
    if (inserted === "full") return err("rate-limited");
    return ok({
      nonce,
      release: () => spent.settle(spentId, "released"),
      fail: () => spent.settle(spentId, "failed"),
    });
  };
  return {
    issue(peerId) {
      const expiresAt = clock() + ttlSeconds;
      const { id, nonce } = mintChallenge(key, peerId, expiresAt, random());
      return Promise.resolve(ok({ challengeId: toHex(id), nonce, expiresAt }));
    },
    open(challengeId, peerId) {
      const recognised = recogniseChallenge(challengeId, peerId, { ttlSeconds, now: clock(), keyFor: () => key });
      if (!recognised.ok) return recognised;
      return ok({ spend: () => Promise.resolve(spend(recognised.value)) });
    },
  };
}
