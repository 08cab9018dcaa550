import type { Finding } from "./explore.ts";
import type { FuzzLimits } from "./limits.ts";

/** What a thread is started with. */
export interface ThreadOrder {
  /** Module that exports `FUZZ_TARGETS`. */
  readonly targetsModule: string;
  readonly target: string;
  readonly seeds: readonly Uint8Array[];
  readonly seed: number;
  readonly seconds: number;
  readonly limits: FuzzLimits;
  /** Where the thread writes each input before it runs it: see {@link InputTrace}. */
  readonly trace: SharedArrayBuffer;
  /** Stop after the seeds: to see again what one input does. */
  readonly seedsOnly: boolean;
}

/** A tally as it travels. */
export interface TallyMessage {
  readonly executions: number;
  readonly accepted: number;
  readonly outcomes: readonly string[];
}

/** What a thread tells. */
export type ThreadMessage =
  | { readonly kind: "progress" | "done"; readonly tally: TallyMessage }
  | { readonly kind: "finding"; readonly finding: Finding };

/** Two counters, then the bytes of the input. */
const HEAD_BYTES = 8;

/**
 * The input that a thread is busy with, in memory that outlives the thread: after a hang or an exhausted heap nobody else
 * can say what it was.
 */
export interface InputTrace {
  readonly write: (input: Uint8Array) => void;
  /** Number of inputs written until now, modulo 2^32: stands still when the thread hangs. */
  readonly count: () => number;
  /** The last input written. */
  readonly read: () => Uint8Array;
}

/** Makes the memory of a trace. */
export function createTraceMemory(maxInputBytes: number): SharedArrayBuffer {
  return new SharedArrayBuffer(HEAD_BYTES + maxInputBytes);
}

/** Opens a trace; an input longer than its memory is cut. */
export function openTrace(memory: SharedArrayBuffer): InputTrace {
  const head = new Int32Array(memory, 0, 2);
  const body = new Uint8Array(memory, HEAD_BYTES);
  return {
    write: (input) => {
      const kept = input.subarray(0, body.length);
      body.set(kept);
      Atomics.store(head, 1, kept.length);
      Atomics.add(head, 0, 1);
    },
    count: () => Atomics.load(head, 0),
    read: () => new Uint8Array(body.subarray(0, Atomics.load(head, 1))),
  };
}
