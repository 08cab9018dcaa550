import { CHALLENGE_RANDOM_BYTES } from "./challenge-id.ts";

// Each call of the system's generator costs as much for 8 bytes as for all of these.
const POOL_BYTES = 256 * CHALLENGE_RANDOM_BYTES;

/**
 * Makes a source of fresh random bytes for challenge ids, {@link CHALLENGE_RANDOM_BYTES} at a time and none of them twice. They
 * are no secret: each id shows its own.
 *
 * The bytes are a view that is good until the next call.
 */
export function createRandomPool(): () => Uint8Array {
  const pool = new Uint8Array(POOL_BYTES);
  let taken = POOL_BYTES;
  return () => {
    if (taken === POOL_BYTES) {
      crypto.getRandomValues(pool);
      taken = 0;
    }
    taken += CHALLENGE_RANDOM_BYTES;
    return pool.subarray(taken - CHALLENGE_RANDOM_BYTES, taken);
  };
}
