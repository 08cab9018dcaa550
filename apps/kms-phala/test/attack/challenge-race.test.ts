import { nodeReportData } from "@mero-tee/kms-protocol";
import { toBase64 } from "@mero-tee/tdx-quote/base64";
import { array, assert, asyncProperty, boolean, constant, integer, nat, oneof, record } from "fast-check";
import { expect, test } from "vitest";
import { createChallengeClock } from "../../src/challenge/challenge-clock.ts";
import type { ConsumedChallenge } from "../../src/challenge/challenge-store.ts";
import { createMemoryChallengeStore } from "../../src/challenge/memory-challenge-store.ts";
import { makePeer, nodeQuote, NOW, startHarness } from "../harness.ts";
import { manualClock } from "../manual-clock.ts";
import { signRequest } from "../peers.ts";
import { spendChallenge } from "../challenge/spend-challenge.ts";

const peer = makePeer();

test("of racers who spell one challenge in every way, one wins", async () => {
  const harness = await startHarness();
  const { challengeId, nonce } = await harness.challenge(peer);
  const quote = await nodeQuote(nodeReportData(nonce, peer.peerId));
  // Each spelling is signed as sent, so that nothing but the challenge itself can refuse it.
  const bodies = Array.from({ length: 24 }, (_, racer) => {
    const spelt = Array.from(challengeId, (digit, at) => ((at + racer) % 3 === 0 ? digit.toUpperCase() : digit)).join(
      "",
    );
    return {
      challengeId: spelt,
      quoteB64: toBase64(quote),
      peerId: peer.peerId,
      peerPublicKeyB64: peer.publicKeyB64,
      signatureB64: signRequest(peer, spelt, nonce, quote),
    };
  });
  const answers = await Promise.all(bodies.map((body) => harness.post("/get-key", body)));
  expect(answers.filter(({ statusCode }) => statusCode === 200)).toHaveLength(1);
  expect(answers.filter(({ statusCode }) => statusCode === 401)).toHaveLength(23);
  await harness.app.close();
});

const TTL = 60;
const CHALLENGES = 6;
const step = oneof(
  record({ do: constant("spend" as const), which: nat(CHALLENGES - 1), isUpperCase: boolean() }),
  record({ do: constant("fail" as const), which: nat(CHALLENGES - 1) }),
  record({ do: constant("release" as const), which: nat(CHALLENGES - 1) }),
  record({ do: constant("wait" as const), seconds: nat(40) }),
);

test("whatever is asked of a full store in whatever order, no challenge releases two keys or is in flight twice", async () => {
  await assert(
    asyncProperty(integer({ min: 1, max: 4 }), array(step, { maxLength: 60 }), async (maxSpent, steps) => {
      const clock = manualClock(NOW);
      const store = createMemoryChallengeStore({ ttlSeconds: TTL, maxSpent, clock: createChallengeClock(clock) });
      const ids: string[] = [];
      for (let count = 0; count < CHALLENGES; count += 1) {
        const issued = await store.issue(peer.peerId);
        if (issued.ok) ids.push(issued.value.challengeId);
        // Not all at once: so some expire before others.
        clock.advance(7);
      }
      const inFlight = new Map<number, ConsumedChallenge>();
      const released = new Set<number>();
      const doubles: number[] = [];
      for (const action of steps) {
        if (action.do === "wait") {
          clock.advance(action.seconds);
          continue;
        }
        const { which } = action;
        const held = inFlight.get(which);
        if (action.do === "spend") {
          const id = ids[which] ?? "";
          const consumed = await spendChallenge(store, action.isUpperCase ? id.toUpperCase() : id, peer.peerId);
          if (!consumed.ok) continue;
          if (held !== undefined || released.has(which)) doubles.push(which);
          inFlight.set(which, consumed.value);
        } else if (held !== undefined) {
          if (action.do === "release") released.add(which);
          held[action.do]();
          inFlight.delete(which);
        }
      }
      expect(doubles).toEqual([]);
    }),
    { numRuns: 300 },
  );
});
