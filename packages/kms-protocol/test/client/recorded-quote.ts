import { existsSync, readFileSync } from "node:fs";

/** Recorded evidence of a genuine machine, outside the repository. */
const FOLDER = new URL("../../../../../shared/vectors/", import.meta.url);

/** Whether the recorded evidence is here. */
export const hasRecordedQuotes: boolean = existsSync(FOLDER);

if (!hasRecordedQuotes) console.warn("skipped: recorded quotes are not in shared/vectors beside the repository");

/** A quote that verifies as UpToDate with its collateral at the instant given. */
export const RECORDED_AT = 1_750_809_600;

/** The quote, raw. */
export function recordedQuote(): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(new URL("quotes/dcap-qvl-tdx-v4.bin", FOLDER)));
}

/** Its collateral bundle, JSON text. */
export function recordedCollateral(): string {
  return readFileSync(new URL("collateral/dcap-qvl-b0c06f-2025-06.json", FOLDER), "utf8");
}
