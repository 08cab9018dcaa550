import type { PeerId } from "@mero-tee/kms-protocol";
import type { Result } from "@mero-tee/tdx-quote/result";
import type { ChallengeStore, ConsumedChallenge, ConsumeError } from "../../src/challenge/challenge-store.ts";

/** Opens a challenge and spends it at once, as a request does that waits for nobody. */
export async function spendChallenge(
  store: ChallengeStore,
  challengeId: string,
  peerId: PeerId,
): Promise<Result<ConsumedChallenge, ConsumeError>> {
  const opened = store.open(challengeId, peerId);
  return opened.ok ? opened.value.spend() : opened;
}
