import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { EvidenceCase } from "./evidence-case.ts";

const FOLDER = fileURLToPath(new URL("../../../../../shared/vectors/", import.meta.url));

/** Whether real quotes and collateral are on this machine; they are not part of the repository. */
export const HAS_REAL_VECTORS: boolean = existsSync(FOLDER);

interface VectorEntry {
  readonly id: string;
  readonly quote: string;
  readonly collateral: string | null;
  readonly verificationTimeUnix: number | null;
}

const DAY = 86_400;

/** Seconds from the instant that comes with a vector: it, and times at which something has ended or not begun. */
const OFFSETS = [0, -5 * DAY, 5 * DAY, -400 * DAY, 400 * DAY] as const;

/** Every real quote that has collateral, under Intel's root; none where there are no vectors. */
export function realCases(): readonly EvidenceCase[] {
  if (!HAS_REAL_VECTORS) return [];
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- data that comes with the vectors
  const { quotes } = JSON.parse(readFileSync(`${FOLDER}expected.json`, "utf8")) as { quotes: readonly VectorEntry[] };
  return quotes.flatMap(({ id, quote, collateral, verificationTimeUnix }) => {
    if (collateral === null || verificationTimeUnix === null) return [];
    const parts = {
      quote: new Uint8Array(readFileSync(`${FOLDER}${quote}`)),
      collateral: readFileSync(`${FOLDER}${collateral}`, "utf8"),
      rootCa: null,
    };
    return OFFSETS.map((offset) => ({
      ...parts,
      name: `${id} ${offset / DAY >= 0 ? "+" : ""}${offset / DAY} d`,
      description: `a real quote, ${offset / DAY} days from the time of its collateral`,
      now: verificationTimeUnix + offset,
    }));
  });
}
