import { performance } from "node:perf_hooks";
import { threadCpuUsage } from "node:process";
import { getHeapStatistics } from "node:v8";
import { cpuCapMs, type FuzzLimits } from "./limits.ts";
import { findDifference } from "./same-value.ts";
import { BrokenPromise, promise, type Attempt, type FuzzTarget } from "./target.ts";

/** What one input came to. */
export type Probe =
  | { readonly kept: true; readonly accepted: boolean; readonly outcome: string }
  | { readonly kept: false; readonly reason: string };

/** Bytes on both sides of an input that no parser may touch or let into its result. */
const GUARD_BYTES = 64;

/** A slow parse may have waited for the machine: it counts only if the best of so many repetitions is slow too. */
const REPETITIONS = 3;

/**
 * Runs a target on one input and holds it to everything that any parser promises: it returns, does not write to its input,
 * does not see what stands around it, says the same twice, and stays within time and memory; then to its own promises.
 */
export async function probe(target: FuzzTarget, input: Uint8Array, limits: FuzzLimits): Promise<Probe> {
  try {
    const attempt = await attemptTwice(target, input, limits);
    await attempt.inspect();
    promise(Object.keys(Object.prototype).length === 0, "nothing reaches the prototype of objects");
    return { kept: true, accepted: attempt.accepted, outcome: attempt.outcome };
  } catch (thrown) {
    return { kept: false, reason: describeThrown(thrown) };
  }
}

async function attemptTwice(target: FuzzTarget, input: Uint8Array, limits: FuzzLimits): Promise<Attempt> {
  const low = guarded(input, 0x00);
  const high = guarded(input, 0xff);
  const first = await measured(target, low, limits);
  const second = await target.attempt(high);
  for (const copy of [low, high]) {
    promise(isUntouched(copy, input), "a parser does not write to its input");
  }
  promise(
    first.accepted === second.accepted && first.outcome === second.outcome,
    "the same input has the same outcome",
  );
  const difference = findDifference(first.value, second.value);
  promise(difference === null, `the same input has the same result (${difference})`);
  return first;
}

/** A copy of an input in the middle of a buffer: with two guards, a result that depends on what is outside differs. */
function guarded(input: Uint8Array, guard: number): Uint8Array {
  const buffer = new Uint8Array(input.length + 2 * GUARD_BYTES).fill(guard);
  buffer.set(input, GUARD_BYTES);
  return buffer.subarray(GUARD_BYTES, GUARD_BYTES + input.length);
}

function isUntouched(view: Uint8Array, input: Uint8Array): boolean {
  const around = new Uint8Array(view.buffer);
  const guard = around[0];
  const isGuarded = [around.subarray(0, GUARD_BYTES), around.subarray(-GUARD_BYTES)].every((side) =>
    side.every((byte) => byte === guard),
  );
  return isGuarded && Buffer.compare(view, input) === 0;
}

async function measured(target: FuzzTarget, input: Uint8Array, limits: FuzzLimits): Promise<Attempt> {
  const capMs = cpuCapMs(limits, input.length);
  const before = memoryBytes();
  const start = performance.now();
  const attempt = await target.attempt(input);
  const isSlow = performance.now() - start > capMs;
  // A collection in between hides what was freed; what is left counts, and the thread's own limit bounds the peak.
  promise(memoryBytes() - before <= limits.memoryBytes, "memory is bounded by the length of the input");
  if (isSlow) {
    const bestMs = await bestCpuMs(target, input);
    promise(bestMs <= capMs, "time is linear in the length of the input");
  }
  return attempt;
}

function memoryBytes(): number {
  const { used_heap_size, external_memory } = getHeapStatistics();
  return used_heap_size + external_memory;
}

/** Processor time of this thread, which other work on the machine does not change. */
async function bestCpuMs(target: FuzzTarget, input: Uint8Array): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let repetition = 0; repetition < REPETITIONS; repetition += 1) {
    const before = threadCpuUsage();
    await target.attempt(input);
    const { user, system } = threadCpuUsage(before);
    best = Math.min(best, (user + system) / 1000);
  }
  return best;
}

/** One line that names a promise, or where something was thrown; without numbers that change from input to input. */
function describeThrown(thrown: unknown): string {
  if (thrown instanceof BrokenPromise) return `broken promise: ${thrown.message}`;
  if (!(thrown instanceof Error)) return `threw ${typeof thrown}`;
  const message = thrown.message.slice(0, 160).replaceAll(/\s+/g, " ").replaceAll(/\d+/g, "#");
  const frame = /at (?:async )?(?:new )?([\w.#<>]+) \(.*?([\w-]+\.ts):\d+/.exec(thrown.stack ?? "");
  return `threw ${thrown.name}: ${message}${frame === null ? "" : ` (${frame[1] ?? ""} in ${frame[2] ?? ""})`}`;
}
