import {
  type Anchors,
  type AppraisalRequest,
  appraise,
  attesterKindOf,
  type EvidenceFile,
  evidenceFileName,
  readEvidenceFile,
  reappraise,
  writeEvidenceFile,
  recogniseInputs,
  type Report,
  type Step,
  STEP_CATALOGUE,
  STEP_IDS,
  type StepId,
  withDemands,
} from "@mero-tee/appraisal";
import { parseHex } from "@mero-tee/tdx-quote/hex";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

import { BUILD } from "../build-facts.ts";
import { fetchAgain } from "./fetch-again.ts";
import { gatherFiles } from "./file-check.ts";
import { gatherLive, type LivePorts } from "./live-check.ts";
import type { Check, FileCheck, LiveCheck, Outcome, Problem, Source } from "./protocol.ts";
import { keepWhatHeld } from "./keep-what-held.ts";
import { createReferenceSource, type ReferenceSource } from "./reference-client.ts";
import { fetchReleases } from "./release-client.ts";

/** What a check tells while it runs: every step, in the final order. */
export type OnSteps = (steps: readonly Step[]) => void;

/** Runs one check from beginning to end. */
export async function runCheck(
  check: Check,
  anchors: Anchors,
  ports: LivePorts,
  onSteps: OnSteps,
): Promise<Result<Outcome, Problem>> {
  onSteps(stepsOf(new Map()));
  const source = createReferenceSource();
  const run =
    check.origin === "live"
      ? await runLive(check, anchors, ports, source, onSteps)
      : ok(await runFiles(check, anchors, ports, source, onSteps));
  if (run.ok) await keepWhatHeld(run.value, source, ports.now());
  return run;
}

async function runLive(
  check: LiveCheck,
  anchors: Anchors,
  ports: LivePorts,
  source: ReferenceSource,
  onSteps: OnSteps,
): Promise<Result<Outcome, Problem>> {
  // What needs no release and no second opinion is shown while those are fetched; the verdict comes from one later run of all.
  const gathered = await gatherLive(check, ports, source, (first) => void firstLook(first, anchors, onSteps));
  if (!gathered.ok) return err(gathered.error);
  const { request, answer, isDevelopmentApi } = gathered.value;
  const report = await appraiseShowing(request, anchors, ports, onSteps);
  return ok({
    ...outcomeOf(request, report, anchors),
    answer: answer.attestation,
    token: answer.token,
    differingServerVerdict: disagreement(check, answer.serverVerdict, report),
    isDevelopmentApi,
  });
}

/**
 * The server's verdict where it is another one for the same question. A reader who is stricter than the release, or whose
 * clock is off, asks another one: then it says nothing about the site.
 */
function disagreement({ expected }: LiveCheck, theirs: string | null, { verdict, steps }: Report): string | null {
  const isClockOff = steps.some(({ id, status }) => id === "env.clock" && status === "warn");
  return theirs === null || theirs === verdict || expected.isStrict || isClockOff ? null : theirs;
}

/**
 * Fetches from one source again and judges everything anew: same evidence, same challenge. What was not decided by the first
 * report is not taken over either.
 */
export async function runAgain(
  outcome: Outcome,
  source: Source,
  anchors: Anchors,
  ports: LivePorts,
  onSteps: OnSteps,
): Promise<Outcome> {
  onSteps(stepsOf(new Map()));
  const reference = createReferenceSource();
  const request = await fetchAgain(outcome.request, source, anchors, reference, ports.now());
  const report = await appraiseShowing(request, anchors, ports, onSteps);
  const { answer, isDevelopmentApi } = outcome;
  const again = { ...outcomeOf(request, report, anchors), answer, isDevelopmentApi };
  await keepWhatHeld(again, reference, ports.now());
  return again;
}

async function runFiles(
  check: FileCheck,
  anchors: Anchors,
  ports: LivePorts,
  source: ReferenceSource,
  onSteps: OnSteps,
): Promise<Outcome> {
  const saved = openEvidence(check);
  if (saved === null) {
    const request = await gatherFiles(check, ports.now(), anchors, source);
    return outcomeOf(request, await appraiseShowing(request, anchors, ports, onSteps), anchors);
  }
  const opened = await withRelease(saved, check, source);
  const { asOf, today, changedSince, digestMatches } = await reappraise(opened, anchors, ports.now());
  onSteps(today.steps);
  return {
    ...outcomeOf({ ...opened.request, now: today.judgedAt }, today, anchors),
    earlier: { report: asOf, changedSteps: changedSince.map(({ id }) => id), digestMatches },
  };
}

/**
 * The evidence file among the files, if it is the only one. What the reader demands replaces what the file says was demanded, and
 * its challenge counts as the reader's only where they type it again.
 */
function openEvidence({ files, kind, expected, nonceHex, applicationHashHex }: FileCheck): EvidenceFile | null {
  const [only, ...others] = files;
  if (only === undefined || others.length > 0) return null;
  const opened = readEvidenceFile(only.bytes, "file");
  if (!opened.ok) return null;
  return withDemands(opened.value, {
    kind,
    tag: expected.tag,
    profile: expected.profile,
    binding: expected.bindingHex === null ? null : parseHex(expected.bindingHex, 32),
    applicationHash: applicationHashHex === null ? null : parseHex(applicationHashHex, 32),
    tcbStatuses: expected.isStrict ? ["UpToDate"] : null,
    nonce: nonceHex === null ? null : parseHex(nonceHex, 32),
  });
}

/** The release that the reader names, where the file has another and the reader lets it be fetched. */
async function withRelease(
  saved: EvidenceFile,
  { fetchesMissing, expected }: FileCheck,
  source: ReferenceSource,
): Promise<EvidenceFile> {
  const { request } = saved;
  const kind = request.kind ?? attesterKindOf(request.inputs);
  const { tag } = expected;
  const held = request.releases.status === "given" ? request.releases.value : [];
  if (!fetchesMissing || tag === null || kind === null || held.some((release) => release.tag === tag)) return saved;
  const releases = await fetchReleases({ kind, tag, seemsToFit: () => true, source, reach: "network" });
  return { ...saved, request: { ...request, releases } };
}

function outcomeOf(request: AppraisalRequest, report: Report, anchors: Anchors): Outcome {
  const { version, commit } = BUILD;
  return {
    report,
    request,
    evidence: {
      name: evidenceFileName(report),
      text: writeEvidenceFile(request, anchors, report, { version, commit }),
    },
    roundTripMs: request.challenge?.roundTripMs ?? null,
    quote: recogniseInputs(request.inputs).evidence.quote,
    answer: null,
    token: request.trustAuthority.status === "given" ? request.trustAuthority.value.token : null,
    differingServerVerdict: null,
    earlier: null,
    isDevelopmentApi: false,
  };
}

async function appraiseShowing(
  request: AppraisalRequest,
  anchors: Anchors,
  ports: LivePorts,
  onSteps: OnSteps,
): Promise<Report> {
  const done = new Map<StepId, Step>();
  const report = await appraise(request, anchors, {
    elapsedMs: ports.elapsedMs,
    onStep(step) {
      done.set(step.id, step);
      onSteps(stepsOf(done));
    },
  });
  return report;
}

/** Steps whose outcome cannot change when releases and second opinion arrive. */
const LOCAL = /^(?:input|quote|src|fresh\.nonce|dcap|td|log)\b/;

async function firstLook(request: AppraisalRequest, anchors: Anchors, onSteps: OnSteps): Promise<void> {
  const report = await appraise(request, anchors);
  onSteps(stepsOf(new Map(report.steps.filter(({ id }) => LOCAL.test(id)).map((step) => [step.id, step]))));
}

/** Every step in the final order; those that are not done wait. */
function stepsOf(done: ReadonlyMap<StepId, Step>): readonly Step[] {
  return STEP_IDS.map(
    (id): Step =>
      done.get(id) ?? {
        id,
        title: STEP_CATALOGUE[id].title,
        status: done.size === 0 ? "pending" : "running",
        required: false,
        summary: "",
        evidence: [],
        durationMs: 0,
        dependsOn: [],
      },
  );
}
