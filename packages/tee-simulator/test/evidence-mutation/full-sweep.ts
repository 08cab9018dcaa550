import { Worker } from "node:worker_threads";
import { plannedBytes, type FlipPlan } from "./flip-plan.ts";
import { partsOf } from "./part.ts";
import { addResult, emptyResult, type SweepResult } from "./sweep.ts";
import type { SweepAnswer, SweepTask } from "./thread-protocol.ts";
import { createWorld, WORLD_NAMES } from "./world.ts";

/** Small enough for a progress line that moves. */
const BYTES_OF_A_TASK = 256;

/** How far a sweep is. */
export interface SweepProgress {
  readonly world: string;
  readonly part: string;
  /** Whether this was the last task of its part. */
  readonly endsPart: boolean;
  readonly doneBytes: number;
  readonly allBytes: number;
  readonly survivors: number;
}

/** Sweeps every part of every world in threads. */
export async function runSweep(
  plan: FlipPlan,
  jobs: number,
  onProgress: (progress: SweepProgress) => void,
): Promise<SweepResult> {
  const tasks: SweepTask[] = [];
  const names = new Map<string, string>();
  const open = new Map<string, number>();
  let allBytes = 0;
  for (const name of WORLD_NAMES) {
    const parts = partsOf(await createWorld(name));
    for (const [part, described] of parts.entries()) {
      const bytes = plannedBytes(described).length;
      names.set(`${name} ${part}`, described.name);
      open.set(`${name} ${part}`, Math.ceil(bytes / BYTES_OF_A_TASK));
      allBytes += bytes;
      for (let from = 0; from < bytes; from += BYTES_OF_A_TASK) {
        tasks.push({ world: name, part, from, to: Math.min(bytes, from + BYTES_OF_A_TASK), plan });
      }
    }
  }
  const total = emptyResult();
  let doneBytes = 0;
  const note = ({ task, result }: SweepAnswer): void => {
    addResult(total, result);
    const key = `${task.world} ${task.part}`;
    const left = (open.get(key) ?? 1) - 1;
    open.set(key, left);
    doneBytes += task.to - task.from;
    const part = names.get(key) ?? "";
    const survivors = total.survivors.length;
    onProgress({ world: task.world, part, endsPart: left === 0, doneBytes, allBytes, survivors });
  };
  await Promise.all(Array.from({ length: jobs }, () => runThread(tasks, note)));
  return total;
}

/** Gives a thread one task after the other; a thread that fails fails the sweep. */
async function runThread(tasks: SweepTask[], note: (answer: SweepAnswer) => void): Promise<void> {
  const thread = new Worker(new URL("worker.ts", import.meta.url));
  try {
    for (let task = tasks.shift(); task !== undefined; task = tasks.shift()) {
      const order = task;
      note(
        await new Promise<SweepAnswer>((resolve, reject) => {
          thread.once("message", resolve);
          thread.once("error", reject);
          // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port of threads has no origin
          thread.postMessage(order);
        }),
      );
      thread.removeAllListeners("error");
    }
  } finally {
    await thread.terminate();
  }
}
