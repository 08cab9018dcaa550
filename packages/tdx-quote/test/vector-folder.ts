import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, sep } from "node:path";
import { fileURLToPath } from "node:url";

const FOLDER = fileURLToPath(new URL("../../../../shared/vectors/", import.meta.url));

/** Reads the real quotes and collateral, by path in their folder; null on a machine that does not have them. Node only. */
export function readVectorFolder(): ReadonlyMap<string, Uint8Array> | null {
  if (!existsSync(FOLDER)) return null;
  const files = readdirSync(FOLDER, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    files.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [path.slice(FOLDER.length).replaceAll(sep, "/"), new Uint8Array(readFileSync(path))];
    }),
  );
}
