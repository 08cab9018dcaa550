import { parseArgs } from "node:util";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

/** What `pnpm fuzz` is asked for. */
export interface FuzzOptions {
  /** For each target. */
  readonly seconds: number;
  /** Names; all targets where empty. */
  readonly targets: readonly string[];
  /** 32 bits; chosen anew where absent. */
  readonly seed?: number;
  readonly jobs: number;
  readonly json: boolean;
}

const LONGEST_SECONDS = 7 * 86_400;

/** How to call it. */
export const FUZZ_USAGE = `usage: pnpm fuzz [--seconds N] [--target NAME]... [--seed N] [--jobs N] [--json]
  --seconds  time for each target, 60 where absent
  --target   one of the targets; all where absent
  --seed     32-bit number that chooses every input; printed by every run
  --jobs     targets at a time, 2 where absent
  --json     one JSON document on stdout, everything else on stderr
`;

/** Reads the flags; a wrong one is a sentence that names it. */
export function parseFuzzOptions(args: readonly string[], targetNames: readonly string[]): Result<FuzzOptions, string> {
  const parsed = readFlags(args);
  if (!parsed.ok) return parsed;
  const { seconds, target = [], seed, jobs, json } = parsed.value;
  const secondsNumber = readNumber(seconds ?? "60", 1, LONGEST_SECONDS);
  if (secondsNumber === null) return err(`--seconds must be 1 to ${LONGEST_SECONDS}`);
  const jobsNumber = readNumber(jobs ?? "2", 1, 64);
  if (jobsNumber === null) return err("--jobs must be 1 to 64");
  const seedNumber = seed === undefined ? undefined : readNumber(seed, 0, 0xffff_ffff);
  if (seedNumber === null) return err("--seed must be 0 to 4294967295");
  const unknown = target.find((name) => !targetNames.includes(name));
  if (unknown !== undefined) return err(`no target is called ${unknown}: ${targetNames.join(", ")}`);
  return ok({
    seconds: secondsNumber,
    targets: target,
    jobs: jobsNumber,
    json: json ?? false,
    ...(seedNumber === undefined ? {} : { seed: seedNumber }),
  });
}

interface Flags {
  readonly seconds?: string;
  readonly target?: string[];
  readonly seed?: string;
  readonly jobs?: string;
  readonly json?: boolean;
}

function readFlags(args: readonly string[]): Result<Flags, string> {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        seconds: { type: "string" },
        target: { type: "string", multiple: true },
        seed: { type: "string" },
        jobs: { type: "string" },
        json: { type: "boolean" },
      },
    });
    return ok(values);
  } catch (thrown) {
    return err(thrown instanceof Error ? thrown.message : "unreadable flags");
  }
}

function readNumber(text: string, min: number, max: number): number | null {
  const number = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  return number >= min && number <= max ? number : null;
}
