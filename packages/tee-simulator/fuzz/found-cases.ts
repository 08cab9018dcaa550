import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import type { Finding } from "./explore.ts";

/** Where found cases are kept, as vectors for every later test run. */
const FOUND_FOLDER = new URL("found/", import.meta.url);

/** A kept case: which target it was found in, and the input. */
export interface FoundCase {
  readonly file: string;
  readonly target: string;
  readonly input: Uint8Array;
}

/**
 * Keeps a finding: `<target>-<first 16 digits of the SHA-256>.bin` with the input, the same name in `.txt` with the reason.
 *
 * @returns the name of the file with the input
 */
export function keepFinding(finding: Finding, folder: URL = FOUND_FOLDER): string {
  const digest = createHash("sha256").update(finding.input).digest("hex").slice(0, 16);
  const name = `${finding.target}-${digest}`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(new URL(`${name}.bin`, folder), finding.input);
  writeFileSync(new URL(`${name}.txt`, folder), `${finding.reason}\n`);
  return `${name}.bin`;
}

/** All kept cases. */
export function readFoundCases(folder: URL = FOUND_FOLDER): readonly FoundCase[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(".bin"))
    .toSorted()
    .map((file) => ({
      file,
      target: file.replace(/-[0-9a-f]{16}\.bin$/, ""),
      input: new Uint8Array(readFileSync(new URL(file, folder))),
    }));
}
