import { existsSync, readdirSync, readFileSync } from "node:fs";

/** Quotes, logs and collateral of real machines, where a checkout has them beside it. They are read, never copied. */
const FOLDER = new URL("../../../../shared/vectors/", import.meta.url);

/** Whether they are there. */
export const HAS_REAL_VECTORS: boolean = existsSync(FOLDER);

/** The files of one kind; none where the folder is absent. */
export function readRealVectors(kind: "quotes" | "collateral" | "ccel" | "dstack"): readonly Uint8Array[] {
  const folder = new URL(`${kind}/`, FOLDER);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .toSorted()
    .map((name) => new Uint8Array(readFileSync(new URL(name, folder))));
}
