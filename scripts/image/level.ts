import type { Profile } from "../../packages/policy/src/index.ts";

/** The levels of tests of node images, in the order in which they run. */
export const LEVELS = ["lint", "unit", "roles", "image", "boot"] as const;
export type Level = (typeof LEVELS)[number];

/** What a run of `image-test` was asked for. */
export interface LevelRequest {
  readonly profiles: readonly Profile[];
  /** Folder for trees and disks; what is only needed while a level runs is removed from it. */
  readonly work: string;
  /** Commit that the lock file is compared with. */
  readonly base: string;
}

/** What one step of a level found out. */
export interface Finding {
  readonly name: string;
  /** The profile that it is about; null for all of them. */
  readonly profile: Profile | null;
  /** How many checks held. */
  readonly passed: number;
  /** What did not hold, one entry a check. */
  readonly problems: readonly string[];
  /** How many checks did not run, and therefore did not hold either. */
  readonly skipped: number;
  readonly seconds: number;
  /** What was seen that a reader wants to see too. */
  readonly seen: readonly string[];
}

/** The finding of a step that is one check. */
export function finding(
  name: string,
  profile: Profile | null,
  outcome: { readonly problems: readonly string[]; readonly seconds: number; readonly seen?: readonly string[] },
): Finding {
  const { problems, seconds, seen = [] } = outcome;
  return { name, profile, passed: problems.length === 0 ? 1 : 0, problems, skipped: 0, seconds, seen };
}

/** Runs a step and says how long it took; what it throws is its problem. */
export async function timed(
  name: string,
  profile: Profile | null,
  step: () => Promise<{ readonly problems: readonly string[]; readonly seen?: readonly string[] }>,
): Promise<Finding> {
  const started = performance.now();
  const outcome = await step().catch((error: unknown) => ({
    problems: [error instanceof Error ? error.message : String(error)],
  }));
  return finding(name, profile, { ...outcome, seconds: (performance.now() - started) / 1000 });
}
