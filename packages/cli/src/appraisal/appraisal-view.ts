import {
  missingSteps,
  type Report as AppraisalReport,
  type Step,
  type StepStatus,
  type Verdict,
} from "@mero-tee/appraisal";

import { cliFailure, type CliCode } from "../cli-failure.ts";
import { refusalOfCli } from "../failure-view.ts";
import { reportRefusal, reportSuccess, type JsonDocument, type Report } from "../output.ts";
import type { Paint } from "../paint.ts";
import { printable } from "../printable.ts";
import { cell, grid, type Cell } from "../table.ts";

/** Which verdicts besides `verified` end in success. */
export interface Allowances {
  readonly allowCaution: boolean;
  readonly allowSimulated: boolean;
}

/** The code of every verdict that may be a failure. */
export const VERDICT_CODES: Readonly<Record<Exclude<Verdict, "verified">, CliCode>> = {
  caution: "appraisal-caution",
  incomplete: "appraisal-incomplete",
  failed: "appraisal-failed",
  simulated: "appraisal-simulated",
};

/**
 * Reports an appraisal: exit 0 for `verified`, for `caution` and `simulated` where that is allowed, the latter with every
 * required step in order; else 10.
 *
 * @param more - further members of the document, and further text
 */
export function reportAppraisal(
  report: AppraisalReport,
  allowances: Allowances,
  more: { readonly fields?: JsonDocument; readonly text?: (paint: Paint) => string } = {},
): Report {
  const { verdict, sentence } = report;
  const fields: JsonDocument = { ...documentFields(report), ...more.fields };
  const details = (paint: Paint): string => `${appraisalText(report, paint)}${more.text?.(paint) ?? ""}`;
  const headline = (paint: Paint): string =>
    paintVerdict(paint, verdict, `${VERDICT_SIGNS[verdict]} ${printable(sentence)}`);
  if (verdict === "verified" || isAccepted(report, allowances)) {
    return reportSuccess(fields, (paint) => `${headline(paint)}\n${details(paint)}`);
  }
  return reportRefusal(refusalOfCli(cliFailure(VERDICT_CODES[verdict], printable(sentence))), fields, details);
}

/** The members that every document of an appraisal has. */
export function documentFields(report: AppraisalReport): JsonDocument {
  const { verdict, because, sentence, notes, class: environment, kind, target, judgedAt, validUntil, steps } = report;
  return { verdict, because, sentence, notes, class: environment, kind, target, judgedAt, validUntil, steps };
}

/** Whether a verdict ends in success. */
// oxlint-disable-next-line typescript/consistent-return -- the switch is exhaustive, which the compiler checks
export function isAccepted({ verdict, steps }: AppraisalReport, { allowCaution, allowSimulated }: Allowances): boolean {
  switch (verdict) {
    case "verified":
      return true;
    case "caution":
      return allowCaution;
    case "simulated":
      return allowSimulated && missingSteps(steps).length === 0;
    case "incomplete":
    case "failed":
      return false;
  }
}

/** Signs that tell a status without colour. */
const SIGNS: Readonly<Record<StepStatus, string>> = {
  pass: "✓",
  warn: "!",
  fail: "✗",
  skip: "–",
  error: "?",
  info: "·",
  pending: " ",
  running: " ",
};

const VERDICT_SIGNS: Readonly<Record<Verdict, string>> = {
  verified: "✓",
  caution: "!",
  incomplete: "–",
  failed: "✗",
  simulated: "◇",
};

function paintStatus(paint: Paint, status: StepStatus, text: string): string {
  if (status === "pass") return paint.good(text);
  if (status === "fail") return paint.bad(text);
  return status === "warn" || status === "error" ? paint.warn(text) : paint.dim(text);
}

function paintVerdict(paint: Paint, verdict: Verdict, text: string): string {
  if (verdict === "verified") return paint.good(text);
  return verdict === "failed" ? paint.bad(text) : paint.warn(text);
}

/** What was judged, every step with what it says, and what stands under the verdict. */
function appraisalText(report: AppraisalReport, paint: Paint): string {
  const { target, notes, steps, facts } = report;
  const judged = steps.filter(({ id }) => id !== "verdict");
  const required = judged.filter((step) => step.required);
  const held = required.filter(({ status }) => status === "pass" || status === "warn");
  const about = [
    ...(target === null ? [] : [printable(target.url)]),
    ...(facts.release?.tag == null ? [] : [printable(facts.release.tag)]),
    ...(facts.profile === null ? [] : [facts.profile]),
    `${held.length} of ${required.length} required steps hold`,
  ];
  const rows = judged.map((step) => rowOf(step, report.class === "production", paint));
  return (
    `${paint.dim(`  ${about.join("  ·  ")}`)}\n\n` +
    grid(["", "step", "", "what was found"], rows) +
    `\n${notes.map((note) => `  ${printable(note)}\n`).join("")}`
  );
}

/** A simulated machine gets no tick, whatever holds. */
function rowOf({ id, status, required, summary }: Step, isReal: boolean, paint: Paint): readonly Cell[] {
  const sign = status === "pass" && !isReal ? "◇" : SIGNS[status];
  return [
    { plain: sign, styled: paintStatus(paint, status, sign) },
    cell(id),
    cell(required ? "required" : ""),
    cell(printable(summary)),
  ];
}
