/** Reads the two clocks of the machine. */
export interface ClockSource {
  /** Wall clock, milliseconds since 1970. */
  wallMs(): number;
  /** A clock that never goes back, milliseconds since any instant. */
  monotonicMs(): number;
}

/** Challenge time: whole Unix seconds that never go back. */
export type ChallengeClock = () => number;

/**
 * Makes the clock that challenges live by: the wall time at start, advanced by the monotonic clock. A wall clock that
 * is stepped back later would otherwise revive a challenge whose spent entry is already gone, and one stepped forward
 * would end challenges early.
 */
export function createChallengeClock(source: ClockSource): ChallengeClock {
  const startWallMs = source.wallMs();
  const startMonotonicMs = source.monotonicMs();
  return () => Math.floor((startWallMs + source.monotonicMs() - startMonotonicMs) / 1000);
}
