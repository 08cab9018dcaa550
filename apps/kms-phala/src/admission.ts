import type { Schedule } from "./policy/policy-holder.ts";

/** Frees the slot that it was given for; a second call does nothing. */
export type ReleaseSlot = () => void;

/** Who asks, as far as that means anything. */
export interface Caller {
  /** Its address where one can be told from another, else null: then all callers count as strangers alike. */
  readonly address: string | null;
  /** Whether nobody waits for the answer any more. */
  readonly hasLeft: () => boolean;
  /** Calls `leave` once when nobody does; stops listening by calling what is returned. */
  readonly onLeave: (leave: () => void) => () => void;
}

/** The door to expensive work: so much at once, a line of bounded length before it, and a bounded wait in it. */
export interface Admission {
  /** Takes a slot, at once or in turn; null when the line is full, the wait was too long, or the caller left. */
  enter(caller: Caller): Promise<ReleaseSlot | null>;
}

/** Bounds of an {@link Admission}. */
export interface AdmissionBounds {
  /** Work in flight. */
  readonly slots: number;
  /** Callers that wait for a slot. */
  readonly maxWaiting: number;
  readonly waitMs: number;
  /** How much of both together one address may hold, where addresses mean something. */
  readonly maxPerAddress: number;
}

interface Waiter {
  readonly admit: () => void;
}

/**
 * Makes an {@link Admission}. Whoever waits is served in the order of arrival, so nobody who comes later delays those
 * who wait already. One who leaves gives its place up at once: connections that are opened and dropped fill no line.
 *
 * @param schedule - runs something later
 */
export function createAdmission(bounds: AdmissionBounds, schedule: Schedule = afterTimeout): Admission {
  const line = new Set<Waiter>();
  const held = new Map<string, number>();
  let inFlight = 0;

  const count = (address: string | null, by: 1 | -1): void => {
    if (address === null) return;
    const now = (held.get(address) ?? 0) + by;
    if (now === 0) held.delete(address);
    else held.set(address, now);
  };
  const take = (address: string | null): ReleaseSlot => {
    inFlight += 1;
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      inFlight -= 1;
      count(address, -1);
      const [next] = line;
      next?.admit();
    };
  };
  return {
    enter({ address, hasLeft, onLeave }) {
      if (hasLeft()) return Promise.resolve(null);
      if (address !== null && (held.get(address) ?? 0) >= bounds.maxPerAddress) return Promise.resolve(null);
      if (inFlight < bounds.slots) {
        count(address, 1);
        return Promise.resolve(take(address));
      }
      if (line.size >= bounds.maxWaiting) return Promise.resolve(null);
      count(address, 1);
      return new Promise((resolve) => {
        const leave = (): void => {
          line.delete(waiter);
          cancel();
          stopListening();
        };
        const giveUp = (): void => {
          leave();
          count(address, -1);
          resolve(null);
        };
        const waiter: Waiter = {
          admit() {
            leave();
            resolve(take(address));
          },
        };
        const cancel = schedule(giveUp, bounds.waitMs);
        const stopListening = onLeave(giveUp);
        line.add(waiter);
      });
    },
  };
}

function afterTimeout(work: () => void, delayMs: number): () => void {
  const timer = setTimeout(work, delayMs);
  return () => clearTimeout(timer);
}
