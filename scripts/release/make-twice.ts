import { cp, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Refusal } from "../script-outcome.ts";

/**
 * Makes the same files twice and compares them: what others could not make again is not released.
 *
 * @param make - fills a directory, which is there and empty
 * @param out - where the files go; null compares them and leaves nothing
 * @returns the names of the files
 * @throws Refusal that names what differs; then nothing is left
 */
export async function makeTwice(
  make: (directory: string) => Promise<void>,
  out: string | null,
): Promise<readonly string[]> {
  const scratch = await mkdtemp(join(tmpdir(), "mero-tee-twice-"));
  try {
    const [first, second] = [await mkdtemp(join(scratch, "a-")), await mkdtemp(join(scratch, "b-"))];
    await make(first);
    await make(second);
    const [names, again] = [await filesBelow(first), await filesBelow(second)];
    const differing: string[] = [];
    for (const name of new Set([...names, ...again])) {
      const isInBoth = names.includes(name) && again.includes(name);
      const isSame = isInBoth && (await readFile(join(first, name))).equals(await readFile(join(second, name)));
      if (!isSame) differing.push(name);
    }
    if (differing.length > 0) throw new Refusal(`made twice, and not the same: ${differing.join(", ")}`);
    if (names.length === 0) throw new Error("nothing was made");
    if (out !== null) await cp(first, out, { recursive: true, errorOnExist: true, force: false });
    return names;
  } finally {
    await rm(scratch, { recursive: true });
  }
}

async function filesBelow(directory: string): Promise<readonly string[]> {
  const found = await readdir(directory, { recursive: true, withFileTypes: true });
  return found
    .flatMap((entry) => (entry.isFile() ? [join(entry.parentPath, entry.name).slice(directory.length + 1)] : []))
    .toSorted();
}
