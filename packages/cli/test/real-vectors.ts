import { existsSync, readFileSync } from "node:fs";

import { readJson } from "./read-json.ts";

const FOLDER = new URL("../../../../shared/vectors/", import.meta.url);

/** Whether the real quotes, collateral and logs are on this machine; they are not part of the repository. */
export const HAS_REAL_VECTORS: boolean = existsSync(new URL("expected.json", FOLDER));

if (!HAS_REAL_VECTORS) {
  console.warn("skipped: tests of the command on real quotes (no vectors folder beside the repository)");
}

export function readVector(path: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(new URL(path, FOLDER)));
}

/** A quote of the vectors with what must be said about it; made without this project's code. */
interface ExpectedQuote {
  readonly id: string;
  readonly quote: string;
  readonly collateral: string | null;
  readonly verificationTime?: string;
  readonly expected: {
    readonly status?: string;
    readonly advisoryIds?: readonly string[];
    readonly earliestExpiration?: string;
    readonly failure?: { readonly code: string; readonly stage: string } | null;
  };
  readonly parsed: Readonly<Record<string, string | number>>;
  readonly pck: { readonly fmspc: string };
}

/** A log of the vectors with the registers that it must replay to. */
interface ExpectedLog {
  readonly id: string;
  readonly file: string;
  readonly eventCount: number;
  readonly replayed: Readonly<Record<string, string>>;
  readonly quote?: string;
  readonly runtimeEvents?: readonly { readonly event: string; readonly payload: string }[];
}

interface Expectations {
  readonly quotes: readonly ExpectedQuote[];
  readonly ccel: readonly ExpectedLog[];
  readonly dstack: readonly ExpectedLog[];
}

export const EXPECTED: Expectations = HAS_REAL_VECTORS
  ? readJson<Expectations>(readVector("expected.json"))
  : { quotes: [], ccel: [], dstack: [] };
