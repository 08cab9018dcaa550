import { describe, expect, test } from "vitest";
import { type AdmissionBounds, createAdmission, type ReleaseSlot } from "../src/admission.ts";

/** Timers that a test lets run out. */
function manualTimers() {
  const due = new Set<() => void>();
  return {
    pending: due,
    schedule(work: () => void): () => void {
      due.add(work);
      return () => void due.delete(work);
    },
    runOut(): void {
      for (const work of due) work();
    },
  };
}

/** Somebody who leaves when a test says so. */
function createDeparture() {
  const listeners = new Set<() => void>();
  let isGone = false;
  return {
    listeners,
    hasLeft: () => isGone,
    onLeave(leave: () => void): () => void {
      listeners.add(leave);
      return () => void listeners.delete(leave);
    },
    leave(): void {
      isGone = true;
      for (const listener of listeners) listener();
    },
  };
}

type Departure = ReturnType<typeof createDeparture>;

function setUp(bounds: Partial<AdmissionBounds> = {}) {
  const timers = manualTimers();
  const admission = createAdmission({ slots: 1, maxWaiting: 2, waitMs: 1000, maxPerAddress: 100, ...bounds }, (work) =>
    timers.schedule(work),
  );
  const enter = (address: string | null = null, departure: Departure = createDeparture()) =>
    admission.enter({ address, ...departure });
  /** Enters where there must be room at once. */
  const hold = async (address: string | null = null): Promise<ReleaseSlot> => {
    const slot = await enter(address);
    if (slot === null) throw new Error("no slot");
    return slot;
  };
  return { timers, enter, hold };
}

describe("an admission", () => {
  test("lets those who wait in by the order of their arrival, one for each slot that is freed", async () => {
    const { enter, hold, timers } = setUp();
    const slot = await hold();
    const order: string[] = [];
    const first = enter().then((next) => (order.push("first"), next));
    const second = enter().then((next) => (order.push("second"), next));
    slot();
    const firstSlot = await first;
    expect(order).toEqual(["first"]);
    // A slot counts once, however often it is given back.
    slot();
    await Promise.resolve();
    expect(order).toEqual(["first"]);
    firstSlot?.();
    (await second)?.();
    expect(order).toEqual(["first", "second"]);
    expect(timers.pending.size).toBe(0);
    expect(await enter()).not.toBeNull();
  });

  test("refuses at once when its line is full, and those whose wait is over", async () => {
    const { enter, hold, timers } = setUp();
    const slot = await hold();
    const waiting = [enter(), enter()];
    expect(await enter()).toBeNull();
    timers.runOut();
    expect(await Promise.all(waiting)).toEqual([null, null]);
    slot();
    expect(await enter()).not.toBeNull();
  });

  test("gives up the place of a caller that left, and lets in none that left before", async () => {
    const { enter, hold } = setUp({ maxWaiting: 1 });
    const slot = await hold();
    const leaving = createDeparture();
    const left = enter(null, leaving);
    expect(await enter()).toBeNull();
    leaving.leave();
    expect(await left).toBeNull();
    expect(leaving.listeners.size).toBe(0);
    const next = enter();
    slot();
    expect(await next).not.toBeNull();
    expect(await enter(null, leaving)).toBeNull();
  });

  test("holds an address to its share of slots and places, and gives them back", async () => {
    const { enter, hold } = setUp({ slots: 2, maxWaiting: 10, maxPerAddress: 2 });
    const greedy = [await hold("a"), await hold("a")];
    expect(await enter("a")).toBeNull();
    // Others still find their place in the line.
    const other = enter("b");
    greedy[0]?.();
    expect(await other).not.toBeNull();
    const again = enter("a");
    expect(await enter("a")).toBeNull();
    greedy[1]?.();
    expect(await again).not.toBeNull();
  });

  test("gives back the share of an address that stopped waiting", async () => {
    const { enter, hold, timers } = setUp({ maxWaiting: 10, maxPerAddress: 1 });
    await hold("b");
    const waiting = enter("a");
    expect(await enter("a")).toBeNull();
    timers.runOut();
    expect(await waiting).toBeNull();
    const again = enter("a");
    timers.runOut();
    expect(await again).toBeNull();
    expect(timers.pending.size).toBe(0);
  });

  test("holds nobody to a share where addresses mean nothing", async () => {
    const { enter } = setUp({ slots: 5, maxPerAddress: 1 });
    const slots = await Promise.all(Array.from({ length: 5 }, () => enter(null)));
    expect(slots).not.toContain(null);
  });
});
