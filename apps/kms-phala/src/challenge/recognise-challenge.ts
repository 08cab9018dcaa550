import { parseChallengeId, type PeerId } from "@mero-tee/kms-protocol";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";
import { challengeExpiry, type ChallengeKey, nonceOfIssued } from "./challenge-id.ts";

// An id never lies further ahead than its lifetime. The slack keeps a second that is counted on two clocks from refusing
// a fresh challenge; what lies beyond it was issued under another lifetime.
const CLOCK_SKEW_SECONDS = 2;

/** What recognising needs. */
export interface ChallengeContext {
  readonly ttlSeconds: number;
  /** Challenge time, Unix seconds. */
  readonly now: number;
  /** The key of challenges that expire then, or null when there is none. */
  readonly keyFor: (expiresAt: number) => ChallengeKey | null;
}

/** A challenge that was issued to this peer and has not expired; whether it is spent is not known. */
export interface RecognisedChallenge {
  /** The 16 bytes, which are what is spent: `AB` and `ab` are one challenge. */
  readonly id: Uint8Array;
  readonly nonce: Uint8Array;
  readonly expiresAt: number;
}

/** Tells an open challenge of this peer from everything else, at the cost of one MAC and without spending anything. */
export function recogniseChallenge(
  challengeId: string,
  peerId: PeerId,
  { ttlSeconds, now, keyFor }: ChallengeContext,
): Result<RecognisedChallenge, "challenge-expired" | "challenge-unknown"> {
  const id = parseChallengeId(challengeId);
  if (id === null) return err("challenge-unknown");
  const expiresAt = challengeExpiry(id);
  if (expiresAt <= now) return err("challenge-expired");
  if (expiresAt > now + ttlSeconds + CLOCK_SKEW_SECONDS) return err("challenge-unknown");
  const key = keyFor(expiresAt);
  const nonce = key === null ? null : nonceOfIssued(key, id, peerId);
  return nonce === null ? err("challenge-unknown") : ok({ id, nonce, expiresAt });
}
