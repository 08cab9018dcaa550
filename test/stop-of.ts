import { StoppedLane } from "../scripts/release/lane-stop.ts";

/** Why work for a lane was stopped; it is an error that it was not. */
export async function stopOf(work: Promise<unknown>): Promise<StoppedLane["stop"]> {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof StoppedLane)) throw new Error("it was not stopped");
  return error.stop;
}
