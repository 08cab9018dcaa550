import { lstat, readFile } from "node:fs/promises";
import type { PinFile } from "./image-profile.ts";

/** Reads the image's profile pin. Only a path at which nothing stands counts as absent. */
export async function readPinFile(path: string): Promise<PinFile> {
  try {
    return { kind: "present", bytes: await readFile(path) };
  } catch (error) {
    if (!isNotFound(error)) return { kind: "unreadable" };
  }
  try {
    await lstat(path);
    // A link that leads nowhere: somebody meant to pin.
    return { kind: "unreadable" };
  } catch (error) {
    return { kind: isNotFound(error) ? "absent" : "unreadable" };
  }
}

function isNotFound(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
