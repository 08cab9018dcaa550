import { describe, expect, test } from "vitest";
import type { ConfigProblem } from "../apps/kms-phala/src/config/settings.ts";
import type { SharedSetError } from "../apps/kms-phala/src/challenge/shared-spent-set.ts";
import { DIAGNOSIS_CODES } from "../apps/kms-phala/src/diagnose/finding.ts";
import { READINESS_CONDITIONS, READINESS_FAILURES } from "../apps/kms-phala/src/observe/readiness-report.ts";
import type { GuestAgentError } from "../apps/kms-phala/src/guest-agent.ts";
import type { PolicySourceError } from "../apps/kms-phala/src/policy/policy-source.ts";
import { PROBLEMS } from "../apps/verifier-api/src/wire/problems.ts";
import { CLI_CODES, CLI_ENDINGS } from "../packages/cli/src/cli-failure.ts";
import { DOCTOR_CODES } from "../packages/cli/src/doctor/finding.ts";
import { APPRAISAL_CODES } from "../packages/appraisal/src/index.ts";
import { AUDIT_ERROR_CODES } from "../packages/kms-protocol/src/audit/index.ts";
import { KMS_CLIENT_FAILURE_CODES, KMS_PROBE_CODES } from "../packages/kms-protocol/src/client/index.ts";
import { KMS_ERROR_CODES, KMS_ERRORS } from "../packages/kms-protocol/src/index.ts";
import { IMAGE_ERROR_CODES } from "../packages/image-measure/src/index.ts";
import { POLICY_ERROR_CODES } from "../packages/policy/src/index.ts";
import { RELEASE_ERROR_CODES } from "../packages/release-artifacts/src/index.ts";
import { SIGSTORE_ERROR_CODES } from "../packages/release-artifacts/src/sigstore/index.ts";
import { FAILURE_CODES, STAGES } from "../packages/tdx-quote/src/index.ts";
import { listDefects } from "../packages/tee-simulator/src/index.ts";
import { chapterOf, codeOf, type Heading, headingsOf, readPage, rowsOf } from "./markdown.ts";

/** Unions that exist as types only: this file does not compile while a member is missing here, or one too many. */
const CONFIG_PROBLEM_CODES = Object.keys({
  "setting-not-utf8": 0,
  "setting-malformed": 0,
  "setting-conflict": 0,
  "setting-forbidden-by-pin": 0,
  "setting-required-by-pin": 0,
  "policy-empty": 0,
} satisfies Record<ConfigProblem["code"], 0>);

const POLICY_SOURCE_CODES = Object.keys({
  "policy-not-configured": 0,
  "policy-not-found": 0,
  "policy-unreadable": 0,
  "policy-unreachable": 0,
  "policy-status": 0,
  "policy-too-large": 0,
  "policy-digest-mismatch": 0,
  "policy-unsigned": 0,
  "policy-signature-refused": 0,
  "policy-refused": 0,
  "policy-too-old": 0,
  "node-policy-digest-mismatch": 0,
  "node-policy-malformed": 0,
  "node-policy-mismatch": 0,
} satisfies Record<PolicySourceError["code"], 0>);

const GUEST_AGENT_CODES = Object.keys({
  "agent-unavailable": 0,
  "agent-timeout": 0,
  "agent-answer-too-large": 0,
  "agent-answer-malformed": 0,
  "agent-report-data-mismatch": 0,
} satisfies Record<GuestAgentError["code"], 0>);

const CHALLENGE_STORE_CODES = Object.keys({
  "redis-unreachable": 0,
  "redis-timeout": 0,
  "redis-refused": 0,
  "redis-answer-malformed": 0,
  "redis-evicts": 0,
  "redis-clock-off": 0,
  "redis-lost-data": 0,
  "challenge-key-unavailable": 0,
} satisfies Record<SharedSetError["code"], 0>);

const VERIFIER_PROBLEMS = Object.keys(PROBLEMS);

const page = readPage("docs/errors.md");
const headings = headingsOf(page);

/** The entry of each code: its heading, and the chapter in which it stands. */
const entries = headings.reduce<{ chapter: string; list: (Heading & { readonly chapter: string })[] }>(
  ({ chapter, list }, heading) => {
    if (heading.level === 2) return { chapter: heading.text, list };
    const isEntry = heading.level === 3 && heading.text !== "Tags on the wire";
    return { chapter, list: isEntry ? [...list, { ...heading, chapter }] : list };
  },
  { chapter: "", list: [] },
).list;

const chapterOfCode = new Map(entries.map(({ text, chapter }) => [text, chapter]));

describe("docs/errors.md", () => {
  test.each([
    { union: "failures of quotes, collateral and event logs", codes: FAILURE_CODES },
    { union: "errors of policies", codes: POLICY_ERROR_CODES },
    { union: "refusals of signatures", codes: SIGSTORE_ERROR_CODES },
    { union: "refusals of releases", codes: RELEASE_ERROR_CODES },
    { union: "refusals of a KMS", codes: KMS_ERROR_CODES },
    { union: "failures of a node", codes: KMS_CLIENT_FAILURE_CODES },
    { union: "results of a probe", codes: KMS_PROBE_CODES },
    { union: "failures of the command", codes: CLI_CODES },
    { union: "refusals of images", codes: IMAGE_ERROR_CODES },
    { union: "codes of appraisal steps", codes: APPRAISAL_CODES },
    { union: "refusals of audit files", codes: AUDIT_ERROR_CODES },
    { union: "failures of readiness", codes: READINESS_FAILURES },
    { union: "conditions of readiness", codes: READINESS_CONDITIONS },
    { union: "findings of a diagnosis", codes: DIAGNOSIS_CODES },
    { union: "findings of the command", codes: DOCTOR_CODES },
    { union: "problems of settings", codes: CONFIG_PROBLEM_CODES },
    { union: "failures of policy sources", codes: POLICY_SOURCE_CODES },
    { union: "failures of the guest agent", codes: GUEST_AGENT_CODES },
    { union: "failures of the challenge store", codes: CHALLENGE_STORE_CODES },
    { union: "problems of the verifier's API", codes: VERIFIER_PROBLEMS },
  ])("documents all $union", ({ codes }) => {
    expect(codes.filter((code) => !chapterOfCode.has(code))).toEqual([]);
  });

  test("documents no code that does not exist", () => {
    const known = new Set<string>([
      ...FAILURE_CODES,
      ...POLICY_ERROR_CODES,
      ...SIGSTORE_ERROR_CODES,
      ...RELEASE_ERROR_CODES,
      ...KMS_ERROR_CODES,
      ...KMS_CLIENT_FAILURE_CODES,
      ...KMS_PROBE_CODES,
      ...CLI_CODES,
      ...APPRAISAL_CODES,
      ...AUDIT_ERROR_CODES,
      ...IMAGE_ERROR_CODES,
      ...READINESS_FAILURES,
      ...READINESS_CONDITIONS,
      ...DIAGNOSIS_CODES,
      ...DOCTOR_CODES,
      ...CONFIG_PROBLEM_CODES,
      ...POLICY_SOURCE_CODES,
      ...GUEST_AGENT_CODES,
      ...CHALLENGE_STORE_CODES,
      ...VERIFIER_PROBLEMS,
    ]);
    expect(entries.filter(({ text }) => !known.has(text)).map(({ text }) => text)).toEqual([]);
  });

  test("has each code once, under the anchor that the command prints", () => {
    expect(entries.filter(({ text, anchor }) => anchor !== text.toLowerCase())).toEqual([]);
    expect(readPage("packages/cli/src/output.ts")).toContain("docs/errors.md#${failure.code}");
  });

  test("says of each problem of the verifier's API with which status it is answered", () => {
    const wrong = Object.entries(PROBLEMS).filter(([code, [status]]) => {
      const body = entries.find(({ text }) => text === code)?.body ?? "";
      return !new RegExp(`^${status}[.,]`).test(body.trim());
    });
    expect(wrong.map(([code]) => code)).toEqual([]);
  });

  test("says something about each", () => {
    expect(entries.filter(({ body }) => body.length < 20).map(({ text }) => text)).toEqual([]);
  });
});

/** Where a code may come from: what its entry says, else the stage that its chapter is about. */
function documentedStages(code: string): readonly string[] {
  const said = /^_Stages: (?<list>[^_]+)\._/.exec(entries.find(({ text }) => text === code)?.body ?? "");
  if (said !== null) return codeOf(said.groups?.["list"] ?? "");
  return (chapterOfCode.get(code) ?? "").startsWith("Stage ") ? [(chapterOfCode.get(code) ?? "").slice(6)] : [];
}

describe("the stages of docs/errors.md", () => {
  test("each failure of evidence names stages that exist", () => {
    const stages: ReadonlySet<string> = new Set(STAGES);
    const wrong = FAILURE_CODES.filter(
      (code) => documentedStages(code).length === 0 || documentedStages(code).some((stage) => !stages.has(stage)),
    );
    expect(wrong).toEqual([]);
  });

  test("each stage has a failure", () => {
    const documented = new Set(FAILURE_CODES.flatMap(documentedStages));
    expect(STAGES.filter((stage) => !documented.has(stage))).toEqual([]);
  });

  test("chapters follow the order in which stages run", () => {
    const chapters = headings.flatMap(({ level, text }) => (level === 2 && text.startsWith("Stage ") ? [text] : []));
    const order = STAGES.map((stage) => `Stage ${stage}`).filter((title) => chapters.includes(title));
    expect(chapters).toEqual(order);
  });

  test("every refusal that the simulated platform can provoke comes from a stage that its entry names", () => {
    const provoked = listDefects().flatMap(({ id, expected }) =>
      expected.flatMap((outcome) =>
        "stage" in outcome && outcome.code !== undefined ? [{ id, code: outcome.code, stage: outcome.stage }] : [],
      ),
    );
    expect(provoked.length).toBeGreaterThan(100);
    expect(provoked.filter(({ code, stage }) => !documentedStages(code).includes(stage))).toEqual([]);
  });
});

describe("the tables of docs/errors.md", () => {
  test("every answer of the KMS leads to its codes", () => {
    const documented = rowsOf(chapterOf(page, "Answers of the KMS")).map(([answer = "", codes = ""]) => [
      codeOf(answer)[0],
      [...codes.matchAll(/\[([^\]]+)\]\(#\1\)/g)].map(([, code]) => code),
    ]);
    const expected = new Map<string, string[]>();
    for (const code of KMS_ERROR_CODES) {
      const answer = KMS_ERRORS[code].join(" ");
      expected.set(answer, [...(expected.get(answer) ?? []), code]);
    }
    expect(Object.fromEntries(documented)).toEqual(Object.fromEntries(expected));
    expect(documented).toHaveLength(expected.size);
  });

  test("every code of the command has its stage and its exit code", () => {
    const documented = rowsOf(chapterOf(page, "The mero-tee command")).map(([code = "", stage = "", exitCode]) => [
      /\[([^\]]+)\]/.exec(code)?.[1],
      { stage: codeOf(stage)[0], exitCode: Number(exitCode) },
    ]);
    expect(Object.fromEntries(documented)).toEqual(CLI_ENDINGS);
    expect(documented).toHaveLength(CLI_CODES.length);
  });
});
