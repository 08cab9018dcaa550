import { isValidInstant } from "@mero-tee/tdx-quote";

import { type Case, openCase } from "./case.ts";
import { describeVerdict, notesOf, type VerdictWords } from "./describe-verdict.ts";
import { PIPELINE } from "./pipeline.ts";
import type { EnvironmentClass, Report, Verdict } from "./report.ts";
import { collectFacts } from "./report-facts.ts";
import type { Anchors, AppraisalRequest } from "./request.ts";
import { requiredSteps } from "./requirement.ts";
import { STEP_CATALOGUE } from "./step-catalogue.ts";
import { type Finding, STEP_IDS, type Step, type StepId } from "./step.ts";
import { decideVerdict } from "./verdict.ts";

/** What a caller may watch while an appraisal runs. */
export interface AppraisalOptions {
  /** Called as each step finishes, in whatever order they do; `verdict` comes last. */
  readonly onStep?: (step: Step) => void;
  /** A monotonic clock in milliseconds, for durations; they are 0 without it. */
  readonly elapsedMs?: () => number;
}

/**
 * Appraises evidence: runs every step of the pipeline, and decides by the table of verdicts. Nothing is fetched, no clock is
 * read, nothing is kept; the same request and anchors give the same report.
 *
 * Rejects with RangeError when `now` is no whole Unix second: a mistake of the caller. Whatever the evidence holds ends in a
 * report.
 */
export async function appraise(
  request: AppraisalRequest,
  anchors: Anchors,
  options: AppraisalOptions = {},
): Promise<Report> {
  if (!isValidInstant(request.now)) throw new RangeError(`now must be whole Unix seconds, not ${request.now}`);
  const opened = openCase(request, anchors);
  const required = requiredSteps(opened.circumstances);
  const running = new Map<StepId, Promise<Step>>();
  const stepOf = (id: Exclude<StepId, "verdict">): Promise<Step> => {
    const known = running.get(id);
    if (known !== undefined) return known;
    const step = runStep(id, opened, required, stepOf, options);
    running.set(id, step);
    return step;
  };
  const ids = STEP_IDS.filter((id) => id !== "verdict");
  const judged = await Promise.all(ids.map(stepOf));

  const environment = await environmentOf(opened);
  const { verdict, because } = decideVerdict(judged, environment, required);
  const facts = await collectFacts(opened);
  const validUntil = await validUntilOf(opened);
  const words: VerdictWords = { verdict, kind: opened.kind, steps: judged, facts, because, validUntil };
  const sentence = describeVerdict(words);
  const last = verdictStep(verdict, sentence);
  options.onStep?.(last);
  return Object.freeze({
    schemaVersion: 1,
    verdict,
    because,
    sentence,
    notes: notesOf(words),
    class: environment,
    kind: opened.kind,
    target: request.target,
    judgedAt: request.now,
    validUntil,
    recognised: opened.recognition.inputs,
    steps: [...judged, last],
    facts,
  });
}

/** Runs one step after those that it depends on; one of them that did not hold makes it a skip. */
async function runStep(
  id: Exclude<StepId, "verdict">,
  opened: Case,
  required: ReadonlySet<StepId>,
  stepOf: (id: Exclude<StepId, "verdict">) => Promise<Step>,
  { onStep, elapsedMs }: AppraisalOptions,
): Promise<Step> {
  const { title, why, dependsOn } = STEP_CATALOGUE[id];
  const dependencies = await Promise.all(dependsOn.filter((other) => other !== "verdict").map(stepOf));
  const missing = dependencies.filter(({ status }) => status !== "pass" && status !== "warn");
  const startedAt = elapsedMs?.() ?? 0;
  const finding = missing.length > 0 ? dependent(missing) : await find(id, opened);
  const step: Step = {
    id,
    title,
    status: finding.status,
    required: required.has(id),
    summary: finding.summary,
    ...(why === undefined ? {} : { why }),
    evidence: finding.evidence ?? [],
    ...(finding.code === undefined ? {} : { code: finding.code }),
    durationMs: Math.max(0, (elapsedMs?.() ?? 0) - startedAt),
    dependsOn,
  };
  onStep?.(step);
  return step;
}

function dependent(missing: readonly Step[]): Finding {
  const names = missing.map(({ id, title }) => `"${title}" (${id})`).join(", ");
  return { status: "skip", code: "dependency-not-met", summary: `Not looked at: it depends on ${names}.` };
}

/** A step that throws has a bug; an attacker who can cause one must not make the step disappear. */
async function find(id: Exclude<StepId, "verdict">, opened: Case): Promise<Finding> {
  try {
    return await PIPELINE[id](opened);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { status: "fail", code: "step-exception", summary: `This step broke off: ${message}` };
  }
}

async function environmentOf({ quote, hardware }: Case): Promise<EnvironmentClass> {
  if (quote?.isMock === true) return "mock";
  return (await hardware())?.environment ?? "unknown";
}

async function validUntilOf({ hardware }: Case): Promise<number | null> {
  const verification = (await hardware())?.verification;
  return verification?.ok === true ? verification.value.earliestExpiration : null;
}

/** How the last step looks for each verdict. */
const STATUS_OF: Readonly<Record<Verdict, Step["status"]>> = {
  verified: "pass",
  caution: "warn",
  incomplete: "skip",
  failed: "fail",
  simulated: "info",
};

function verdictStep(verdict: Verdict, summary: string): Step {
  const { title, dependsOn } = STEP_CATALOGUE.verdict;
  return {
    id: "verdict",
    title,
    status: STATUS_OF[verdict],
    required: false,
    summary,
    evidence: [],
    durationMs: 0,
    dependsOn,
  };
}
