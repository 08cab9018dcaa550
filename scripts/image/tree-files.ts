import { chmod, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/** Writes a file of a tree, with the folders above it. */
export async function put(tree: string, path: string, text: string, mode = 0o644): Promise<void> {
  const at = join(tree, path);
  await mkdir(dirname(at), { recursive: true });
  await writeFile(at, text);
  await chmod(at, mode);
}
