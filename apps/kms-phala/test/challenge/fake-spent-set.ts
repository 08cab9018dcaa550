import { err, ok } from "@mero-tee/tdx-quote/result";
import type { SharedSetError, SharedSpentSet } from "../../src/challenge/shared-spent-set.ts";
import type { ManualClock } from "../manual-clock.ts";

/** A shared set in memory whose failures a test decides. */
export interface FakeSpentSet extends SharedSpentSet {
  /** Its own clock, milliseconds since 1970. */
  timeMs: number;
  generationHex: string | null;
  /** What every call ends with, until it is null again. */
  failure: SharedSetError | null;
  /** Ends the connection of the instance that opened last. */
  lose: (error: SharedSetError) => void;
  /** Forgets everything, as a flushed server does. */
  flush(): void;
  readonly spentIds: ReadonlyMap<string, number>;
  readonly lives: readonly number[];
  readonly calls: string[];
}

let made = 0;

export function fakeSpentSet(clock: ManualClock): FakeSpentSet {
  const spentIds = new Map<string, number>();
  const lives: number[] = [];
  const set: FakeSpentSet = {
    timeMs: clock.wall,
    generationHex: null,
    failure: null,
    spentIds,
    lives,
    calls: [],
    lose: () => undefined,
    flush() {
      spentIds.clear();
      set.generationHex = null;
    },
    open(onLost) {
      set.calls.push("open");
      set.lose = onLost;
      if (set.failure !== null) return Promise.resolve(err(set.failure));
      made += 1;
      set.generationHex ??= made.toString(16).padStart(64, "0");
      return Promise.resolve(ok({ generationHex: set.generationHex, timeMs: set.timeMs }));
    },
    spend(id, lifeSeconds) {
      set.calls.push("spend");
      if (set.failure !== null) return Promise.resolve(err(set.failure));
      const isFirst = (spentIds.get(id) ?? 0) <= set.timeMs;
      if (isFirst) {
        spentIds.set(id, set.timeMs + lifeSeconds * 1000);
        lives.push(lifeSeconds);
      }
      return Promise.resolve(ok({ isFirst, generationHex: set.generationHex, timeMs: set.timeMs }));
    },
    close() {
      set.calls.push("close");
    },
  };
  return set;
}
