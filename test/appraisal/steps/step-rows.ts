import { expect, test } from "vitest";
import type {
  Anchors,
  AppraisalRequest,
  AttesterKind,
  StepCode,
  StepId,
  StepStatus,
  Verdict,
} from "../../../packages/appraisal/src/index.ts";
import type { IssueQuoteOptions } from "../../../packages/tee-simulator/src/index.ts";
import { kmsRelease, nodeRelease, type ReleaseChanges } from "../release.ts";
import {
  appraiseWith,
  createWorld,
  given,
  type KmsAnswer,
  kmsAnswer,
  outcome,
  textInput,
  type World,
} from "../world.ts";

/** The platform, the releases and the trust that the rows of one file change. */
export const world: World = await createWorld();

/** What differs from a flawless appraisal, and what the named step must then say. */
export interface StepRow {
  readonly name: string;
  readonly kind: AttesterKind;
  readonly change: () => Promise<Partial<AppraisalRequest>> | Partial<AppraisalRequest>;
  readonly anchors?: () => Partial<Anchors>;
  readonly step: StepId;
  readonly status: StepStatus;
  readonly code?: StepCode;
  readonly verdict: Verdict;
}

/** Appraises what each row changes, and reads the step that it names. */
export function testSteps(rows: readonly StepRow[]): void {
  test.each(rows)("$name: $step is $status", async ({ kind, change, anchors, step, status, code, verdict }) => {
    const report = await appraiseWith(world, kind, await change(), anchors?.());
    expect(outcome(report, step)).toMatchObject({ status, ...(code === undefined ? {} : { code }) });
    expect(report.verdict).toBe(verdict);
    expect(report.steps.filter((each) => each.code === "step-exception")).toEqual([]);
  });
}

/** The answer of a KMS with something changed in it. */
export async function changedAnswer(
  edit: (answer: KmsAnswer) => void,
  options: Partial<IssueQuoteOptions> = {},
): Promise<Partial<AppraisalRequest>> {
  const answer = await kmsAnswer(world.platform, options);
  edit(answer);
  return { inputs: [textInput("answer", JSON.stringify(answer))] };
}

/** What was changed in a release before it was signed. */
export function changedRelease(kind: AttesterKind, changes: ReleaseChanges): Partial<AppraisalRequest> {
  const make = kind === "kms" ? kmsRelease : nodeRelease;
  return { releases: given([make(world.platform, world.sigstore, changes)]) };
}

/** The events of register 3, in order. */
export function runtimeEvents(answer: KmsAnswer): Record<string, unknown>[] {
  return answer.eventLog.filter(({ imr }) => imr === 3);
}

/** The values of one profile of a node release, to be changed. */
export function publishedProfile(document: Record<string, unknown>, profile: string): Record<string, unknown> {
  const profiles = Object(document["profiles"]);
  return Object.assign(Object(profiles[profile]));
}

/** What the policy of a KMS release allows, to be changed. */
export function policyValues(document: Record<string, unknown>): Record<string, unknown> {
  const values = document["policy"];
  if (typeof values !== "object" || values === null) throw new Error("no policy");
  return Object.assign(values);
}
