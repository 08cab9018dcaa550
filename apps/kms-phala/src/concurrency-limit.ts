/** Frees the slot that it was given for; a second call does nothing. */
type ReleaseSlot = () => void;

/** A bound on work in flight. */
export interface ConcurrencyLimit {
  /** Takes a slot, or gives null at once when none is free: work that must wait is work that piles up. */
  tryAcquire(): ReleaseSlot | null;
  readonly inFlight: number;
}

/** Makes a {@link ConcurrencyLimit} of `slots` slots. */
export function createConcurrencyLimit(slots: number): ConcurrencyLimit {
  let inFlight = 0;
  return {
    tryAcquire() {
      if (inFlight >= slots) return null;
      inFlight += 1;
      let isHeld = true;
      return () => {
        if (isHeld) inFlight -= 1;
        isHeld = false;
      };
    },
    get inFlight() {
      return inFlight;
    },
  };
}
