import { lstat, readFile } from "node:fs/promises";
import type { PinFile } from "./image-profile.ts";

/** Reads the image's profile pin. Only a path at which nothing stands counts as absent. */
export async function readPinFile(path: string): Promise<PinFile> {
  try {
    return { kind: "present", bytes: await readFile(path) };
  } catch {
    // Whatever the reason, a pin that somebody put there must not count as none; not even a link that leads nowhere.
    return { kind: (await isNothingAt(path)) ? "absent" : "unreadable" };
  }
}

async function isNothingAt(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return false;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "ENOENT";
  }
}
