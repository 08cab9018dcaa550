import { chmod, mkdir, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ContextFile } from "./build-context.ts";

const DIRECTORY_MODE = 0o755;

/**
 * Writes a build context. Modes do not depend on the mask of whoever writes, and every time is that of the commit.
 *
 * @param modifiedAt - Unix seconds
 * @throws when the directory exists: what lies there would be in the image
 */
export async function writeContext(
  directory: string,
  files: ReadonlyMap<string, ContextFile>,
  modifiedAt: number,
): Promise<void> {
  await mkdir(dirname(directory), { recursive: true });
  await mkdir(directory);
  const directories = new Set([directory]);
  for (const [path, { content, mode }] of files) {
    const file = join(directory, path);
    for (let parent = dirname(file); parent !== directory; parent = dirname(parent)) directories.add(parent);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
    await chmod(file, mode);
    await utimes(file, modifiedAt, modifiedAt);
  }
  // Deepest first: writing below a directory changes its time.
  for (const path of [...directories].toSorted((a, b) => b.length - a.length)) {
    await chmod(path, DIRECTORY_MODE);
    await utimes(path, modifiedAt, modifiedAt);
  }
}
