import { setTimeout as pause } from "node:timers/promises";

/** Asks again until the answer is yes. A test's own time limit ends it. */
export async function until(isSo: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await isSo())) await pause(20);
}

/** Prints a figure that is of interest and never asserted. */
export function printSince(what: string, startMs: number): void {
  process.stdout.write(`${what}: ${Math.round(performance.now() - startMs)} ms\n`);
}
