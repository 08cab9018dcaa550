import { existsSync, readdirSync, readFileSync } from "node:fs";

const VECTORS = new URL("../../../../shared/vectors/", import.meta.url);

/** Whether the folder of real quotes is there; a test file that needs it says so when it is not. */
export const HAS_VECTORS: boolean = existsSync(VECTORS);

if (!HAS_VECTORS) console.warn("real quotes: the folder of vectors is absent, their tests are skipped");

/** Names of all real quotes. */
export const QUOTE_NAMES: readonly string[] = HAS_VECTORS ? readdirSync(new URL("quotes/", VECTORS)).toSorted() : [];

export function readVector(path: string): Buffer {
  return readFileSync(new URL(path, VECTORS));
}
