import { parseArgs } from "node:util";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";
import type { FlipPlan } from "./flip-plan.ts";

/** What `pnpm mutate-evidence` is asked for. */
export interface SweepOptions {
  readonly plan: FlipPlan;
  readonly jobs: number;
  readonly json: boolean;
}

/** How to call it. */
export const SWEEP_USAGE = `usage: pnpm --silent mutate-evidence [--json] [--jobs N] [--pass N]
  --json  one JSON document on stdout, everything else on stderr
  --jobs  threads, 2 where absent
  --pass  one bit in each byte only, pass 0 to 7 of the eight that make up the sweep
`;

const PASSES = 8;

/** Reads the flags; a wrong one is a sentence that names it. */
export function parseSweepOptions(args: readonly string[]): Result<SweepOptions, string> {
  const flags = readFlags(args);
  if (!flags.ok) return flags;
  const jobs = readNumber(flags.value.jobs ?? "2", 1, 64);
  if (jobs === null) return err("--jobs must be 1 to 64");
  const { pass } = flags.value;
  const seed = pass === undefined ? null : readNumber(pass, 0, PASSES - 1);
  if (pass !== undefined && seed === null) return err(`--pass must be 0 to ${PASSES - 1}`);
  return ok({ plan: seed === null ? "every-bit" : { seed, stride: 1 }, jobs, json: flags.value.json ?? false });
}

function readFlags(
  args: readonly string[],
): Result<{ readonly json?: boolean; readonly jobs?: string; readonly pass?: string }, string> {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { json: { type: "boolean" }, jobs: { type: "string" }, pass: { type: "string" } },
    });
    return ok(values);
  } catch (thrown) {
    return err(thrown instanceof Error ? thrown.message : "unreadable flags");
  }
}

function readNumber(text: string, min: number, max: number): number | null {
  const number = /^\d{1,3}$/.test(text) ? Number(text) : Number.NaN;
  return number >= min && number <= max ? number : null;
}
