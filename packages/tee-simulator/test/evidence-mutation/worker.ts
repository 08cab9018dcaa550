import { parentPort } from "node:worker_threads";
import { partsOf } from "./part.ts";
import { sweepPart } from "./sweep.ts";
import type { SweepAnswer, SweepTask } from "./thread-protocol.ts";
import { createWorld, type World, type WorldName } from "./world.ts";

/** A thread of a sweep: one task after the other, until its parent ends it. The same worlds are made in every thread. */
const worlds = new Map<WorldName, Promise<World>>();

function worldOf(name: WorldName): Promise<World> {
  const world = worlds.get(name) ?? createWorld(name);
  worlds.set(name, world);
  return world;
}

async function answer(task: SweepTask): Promise<SweepAnswer> {
  const world = await worldOf(task.world);
  const part = partsOf(world)[task.part];
  if (part === undefined) throw new RangeError(`${task.world} has no part ${task.part}`);
  return { task, result: await sweepPart(world, part, { ...task, judge: world.judgeAgain }) };
}

parentPort?.on("message", (task: SweepTask) => {
  void (async () => {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port of threads has no origin
    parentPort?.postMessage(await answer(task));
  })();
});
