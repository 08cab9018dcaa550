import { judge, type RepositoryEvidence, type RuleId } from "../../packages/release-artifacts/src/index.ts";
import { stopLane } from "./lane-stop.ts";

/** Goes on only if these rules about the repository hold; each looks at its own part of the evidence, which must be given. */
export function expectRules(evidence: Partial<RepositoryEvidence>, ids: readonly RuleId[]): void {
  const whole: RepositoryEvidence = {
    configuration: [],
    kmsVersion: "",
    lockedKmsVersions: [],
    versionsFile: "",
    changedPaths: [],
    directories: new Set(),
    ...evidence,
  };
  const results = judge("repository", whole, (id) => ids.includes(id));
  const failed = results.filter(({ status }) => status !== "pass");
  if (failed.length === 0) return;
  const messages = failed.map(({ id, message }) => `${id}: ${message}`).join("; ");
  stopLane("rules-broken", messages, [...new Set(failed.map(({ id }) => id))]);
}
