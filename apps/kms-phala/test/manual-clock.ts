import type { ClockSource } from "../src/challenge/challenge-clock.ts";

/** Both clocks of a machine, moved by hand; times in milliseconds. */
export interface ManualClock extends ClockSource {
  wall: number;
  monotonic: number;
  /** Lets time pass on both clocks. */
  advance(seconds: number): void;
}

export function manualClock(unixSeconds: number): ManualClock {
  return {
    wall: unixSeconds * 1000,
    monotonic: 0,
    wallMs() {
      return this.wall;
    },
    monotonicMs() {
      return this.monotonic;
    },
    advance(seconds) {
      this.wall += seconds * 1000;
      this.monotonic += seconds * 1000;
    },
  };
}
