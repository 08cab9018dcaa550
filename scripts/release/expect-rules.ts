import {
  judge,
  type RepositoryEvidence,
  type RuleId,
  type RuleResult,
} from "../../packages/release-artifacts/src/index.ts";
import { stopLane } from "./lane-stop.ts";

/** Which of these rules about the repository do not hold; each looks at its own part of the evidence, which must be given. */
export function brokenRules(evidence: Partial<RepositoryEvidence>, ids: readonly RuleId[]): readonly RuleResult[] {
  const whole: RepositoryEvidence = {
    configuration: [],
    kmsVersion: "",
    lockedKmsVersions: [],
    versionsFile: "",
    changedPaths: [],
    directories: new Set(),
    ...evidence,
  };
  return judge("repository", whole, (id) => ids.includes(id)).filter(({ status }) => status !== "pass");
}

/** Goes on only if these rules about the repository hold. */
export function expectRules(evidence: Partial<RepositoryEvidence>, ids: readonly RuleId[]): void {
  const failed = brokenRules(evidence, ids);
  if (failed.length === 0) return;
  const messages = failed.map(({ id, message }) => `${id}: ${message}`).join("; ");
  stopLane("rules-broken", messages, [...new Set(failed.map(({ id }) => id))]);
}
