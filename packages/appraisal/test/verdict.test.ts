import { describe, expect, test } from "vitest";
import {
  type AttesterKind,
  type Circumstances,
  decideVerdict,
  type EnvironmentClass,
  type JudgedStep,
  missingSteps,
  requiredSteps,
  STEP_IDS,
  type StepId,
  type StepStatus,
  type Verdict,
} from "../src/index.ts";

const JUDGED = STEP_IDS.filter((id) => id !== "verdict");
/** What a step is in an appraisal in which nothing is wrong, where that is not `pass`. */
const QUIET: Partial<Record<StepId, StepStatus>> = {
  "chan.binding": "info",
  "tcb.baseline": "info",
  "app.mrconfigid": "info",
  "ita.token": "skip",
  "ita.claims": "skip",
};

const KMS: Circumstances = { kind: "kms", hasEventLog: true, hasRtmr3Events: true };
const NODE: Circumstances = { kind: "node", hasEventLog: false, hasRtmr3Events: false };
const NODE_WITH_CCEL: Circumstances = { kind: "node", hasEventLog: true, hasRtmr3Events: false };

type Changes = Readonly<Partial<Record<StepId, StepStatus>>>;

function decide(circumstances: Circumstances, changes: Changes, environment: EnvironmentClass = "production") {
  const required = requiredSteps(circumstances);
  const steps = JUDGED.map((id): JudgedStep => ({
    id,
    status: changes[id] ?? QUIET[id] ?? "pass",
    required: required.has(id),
  }));
  return decideVerdict(steps, environment, required);
}

/** The steps of column R, spelled out once more: the function under test must not be its own oracle. */
const REQUIRED_OF_ALL: readonly StepId[] = [
  "input.parse",
  "quote.parse",
  "fresh.nonce",
  "dcap.chain",
  "dcap.crl",
  "dcap.qe",
  "dcap.sig",
  "dcap.collateral",
  "tcb.status",
  "td.attributes",
  "td.module",
  "rel.select",
  "rel.sigstore",
  "rel.measurements",
  "rel.profile",
];
const REQUIRED_OF_KMS: readonly StepId[] = [
  ...REQUIRED_OF_ALL,
  "fresh.binding",
  "log.parse",
  "log.rtmr0",
  "log.rtmr1",
  "log.rtmr2",
  "log.rtmr3",
  "app.compose-hash",
  "rel.compat",
];
const REQUIRED_OF_NODE: readonly StepId[] = [...REQUIRED_OF_ALL, "fresh.binding"];
const FATAL: ReadonlySet<StepId> = new Set(["ita.token", "ita.claims", "app.mrconfigid", "app.key-provider"]);
const ONLY_NOTED: ReadonlySet<StepId> = new Set(["src.side-fields", "tcb.baseline"]);

/** What the table says when exactly one step differs from a flawless appraisal on genuine hardware. */
// oxlint-disable-next-line typescript/consistent-return -- the switch is exhaustive, which the compiler checks
function expectedFor(id: StepId, status: StepStatus, required: readonly StepId[]): Verdict {
  const isRequired = required.includes(id);
  switch (status) {
    case "pass":
      return "verified";
    case "fail":
      return isRequired || FATAL.has(id) ? "failed" : "caution";
    case "warn":
      return ONLY_NOTED.has(id) ? "verified" : "caution";
    case "skip":
    case "error":
    case "info":
    case "pending":
    case "running":
      return isRequired ? "incomplete" : "verified";
  }
}

const STATUSES: readonly StepStatus[] = ["pass", "warn", "fail", "skip", "error", "info", "pending", "running"];
const KINDS = [
  { kind: "kms", circumstances: KMS, required: REQUIRED_OF_KMS },
  { kind: "node", circumstances: NODE, required: REQUIRED_OF_NODE },
] as const satisfies readonly { kind: AttesterKind; circumstances: Circumstances; required: readonly StepId[] }[];

const ONE_STEP_ROWS = KINDS.flatMap(({ kind, circumstances, required }) =>
  JUDGED.flatMap((id) =>
    STATUSES.map((status) => ({ kind, id, status, circumstances, verdict: expectedFor(id, status, required) })),
  ),
);

describe("the table of verdicts", () => {
  test("has at least 200 rows", () => {
    expect(ONE_STEP_ROWS.length).toBeGreaterThanOrEqual(200);
  });

  // Mistake 15.
  test.each(ONE_STEP_ROWS)("$kind with $id $status is $verdict", ({ circumstances, id, status, verdict }) => {
    expect(decide(circumstances, { [id]: status }).verdict).toBe(verdict);
  });

  test.each(KINDS)("a flawless $kind is verified, because of every required step", ({ circumstances, required }) => {
    const decision = decide(circumstances, {});
    expect(decision.verdict).toBe("verified");
    expect(decision.because.toSorted()).toEqual(required.toSorted());
  });

  test("a KMS has 23 required steps", () => {
    expect(requiredSteps(KMS).size).toBe(23);
  });

  test.each(["simulated", "mock"] as const)(
    "evidence of class %s is simulated, however well it holds",
    (environment) => {
      expect(decide(KMS, {}, environment)).toEqual({ verdict: "simulated", because: ["dcap.chain"] });
      expect(decide(KMS, { "rel.select": "skip" }, environment).verdict).toBe("simulated");
      expect(decide(KMS, { "tcb.status": "warn" }, environment).verdict).toBe("simulated");
    },
  );

  test("a failure outweighs the simulation", () => {
    expect(decide(KMS, { "fresh.nonce": "fail" }, "simulated").verdict).toBe("failed");
  });

  test("nothing is verified where nobody can tell whose root it is", () => {
    expect(decide(KMS, {}, "unknown")).toEqual({ verdict: "incomplete", because: ["dcap.chain"] });
  });

  test.each([
    { first: "fail", second: "skip", verdict: "failed" },
    { first: "fail", second: "warn", verdict: "failed" },
    { first: "skip", second: "warn", verdict: "incomplete" },
    { first: "error", second: "warn", verdict: "incomplete" },
    { first: "warn", second: "pass", verdict: "caution" },
  ] as const)("of $first and $second the verdict is $verdict", ({ first, second, verdict }) => {
    expect(decide(KMS, { "rel.profile": first, "tcb.status": second }).verdict).toBe(verdict);
    expect(decide(KMS, { "rel.profile": second, "tcb.status": first }).verdict).toBe(verdict);
  });

  test("a required step that is not there at all counts as one that did not run", () => {
    const required = requiredSteps(NODE);
    const steps = JUDGED.filter((id) => id !== "dcap.sig").map((id): JudgedStep => ({
      id,
      status: "pass",
      required: required.has(id),
    }));
    expect(decideVerdict(steps, "production", required)).toEqual({ verdict: "incomplete", because: ["dcap.sig"] });
  });

  test("a node's log has to hold once it is given, without the register that it does not record", () => {
    expect(decide(NODE, { "log.rtmr1": "skip" }).verdict).toBe("verified");
    expect(decide(NODE_WITH_CCEL, { "log.rtmr1": "skip" }).verdict).toBe("incomplete");
    expect(decide(NODE_WITH_CCEL, { "log.rtmr1": "fail" }).verdict).toBe("failed");
    expect(decide(NODE_WITH_CCEL, { "log.rtmr3": "skip" }).verdict).toBe("verified");
    expect(decide({ ...NODE_WITH_CCEL, hasRtmr3Events: true }, { "log.rtmr3": "skip" }).verdict).toBe("incomplete");
  });

  test("while nobody knows what is appraised, the release cannot be chosen and nothing is verified", () => {
    const unknown: Circumstances = { kind: null, hasEventLog: false, hasRtmr3Events: false };
    expect(decide(unknown, { "rel.select": "skip" }).verdict).toBe("incomplete");
  });

  test("names the required steps that did not run", () => {
    const required = requiredSteps(NODE);
    const steps = JUDGED.map((id): JudgedStep => ({
      id,
      status: id === "rel.select" ? "error" : "pass",
      required: required.has(id),
    }));
    expect(missingSteps(steps)).toEqual(["rel.select"]);
  });
});
