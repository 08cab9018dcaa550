import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

import { loadRelease, type ReleaseToLoad, type ReleaseUnreadable } from "./load-release.ts";
import type { ReleaseFiles } from "./release-files.ts";
import type { ReleaseEvidence } from "./rules/evidence.ts";
import { judge } from "./rules/registry.ts";
import type { RuleResult } from "./rules/rule.ts";

/** What came of judging a release. */
export interface ReleaseVerdict {
  /** `missing`: the only failures are assets that are not there. */
  readonly outcome: "ok" | "refused" | "missing";
  readonly rules: readonly RuleResult[];
  readonly evidence: ReleaseEvidence;
}

/** How much of a release is judged. */
export interface VerifyReleaseOptions {
  /** Rules about assets, checksums and signatures only. */
  readonly isQuick?: boolean;
}

/**
 * Judges a released directory by every rule of its lane that the directory can answer.
 *
 * A rule that could not be judged because something is missing or malformed is skipped, and the release does not pass; one
 * that nobody asked about (no node release given) is skipped, and says so.
 *
 * Errors: `release-unreadable`.
 * Source: docs/releases.md.
 */
export async function verifyRelease(
  files: ReleaseFiles,
  release: ReleaseToLoad,
  options: VerifyReleaseOptions = {},
): Promise<Result<ReleaseVerdict, ReleaseUnreadable>> {
  const evidence = await loadRelease(files, release);
  if (!evidence.ok) return err(evidence.error);
  return ok(judgeRelease(evidence.value, options));
}

/** The same for a release that was loaded already. */
export function judgeRelease(evidence: ReleaseEvidence, options: VerifyReleaseOptions = {}): ReleaseVerdict {
  const rules = judge(
    "release",
    evidence,
    (id, rule) => rule.lanes.includes(evidence.lane) && (options.isQuick !== true || /^(?:AS|CK|C)-/.test(id)),
  );
  const failed = rules.filter(({ status }) => status === "fail");
  const isBlocked = rules.some((rule) => rule.isBlocked);
  const isMissingOnly = failed.length > 0 && failed.every(({ id }) => id.startsWith("AS-"));
  const outcome = isMissingOnly ? "missing" : failed.length > 0 || isBlocked ? "refused" : "ok";
  return { outcome, rules, evidence };
}
