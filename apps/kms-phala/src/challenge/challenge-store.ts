import type { KmsErrorCode, PeerId } from "@mero-tee/kms-protocol";
import type { Result } from "@mero-tee/tdx-quote/result";

/** A challenge to sign and to quote. */
export interface IssuedChallenge {
  /** 16 bytes as 32 lower-case hex digits, in UUID v4 shape. */
  readonly challengeId: string;
  /** 32 bytes that nobody without the store's key can tell from random ones. */
  readonly nonce: Uint8Array;
  /** Unix seconds; from this second on the challenge is refused. */
  readonly expiresAt: number;
}

/**
 * A challenge that this request alone has spent. Exactly one of the two ends is called: an entry whose request is over
 * and failed may be forgotten first when the store is full, one that released a key never.
 */
export interface ConsumedChallenge {
  readonly nonce: Uint8Array;
  release(): void;
  fail(): void;
}

/** A challenge that was issued to this peer and has not expired. Nothing is spent yet, and whether it is spent is not known. */
export interface OpenChallenge {
  /** Spends it atomically: of any number of simultaneous calls, whoever opened it, one succeeds. */
  spend(): Promise<Result<ConsumedChallenge, ConsumeError>>;
}

/**
 * Why a challenge cannot be used. Unknown covers another peer's: the wire gives one answer for the first three, so that
 * nobody learns which. `rate-limited`: the store has no room that may be given up.
 */
export type ConsumeError = Extract<
  KmsErrorCode,
  "challenge-expired" | "challenge-unknown" | "challenge-spent" | "rate-limited" | "challenge-store-unavailable"
>;

/** Why no challenge can be issued. */
type IssueError = Extract<KmsErrorCode, "rate-limited" | "challenge-store-unavailable">;

/** Issues challenges, each bound to one peer id and usable once. */
export interface ChallengeStore {
  issue(peerId: PeerId): Promise<Result<IssuedChallenge, IssueError>>;
  /**
   * Recognises a challenge at once, without spending it. What was made up is refused by this before it takes anybody's
   * place in a queue.
   *
   * @param challengeId - 32 hex digits in either case; both spellings are one challenge
   */
  open(challengeId: string, peerId: PeerId): Result<OpenChallenge, ConsumeError>;
}
