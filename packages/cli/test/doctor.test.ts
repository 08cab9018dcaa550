import { describe, expect, test } from "vitest";

import { fakeFetch, json, type FakeAnswer } from "./fake-services.ts";
import { documentOf, runInWorld, type Outcome } from "./run-cli.ts";

interface Diagnosis {
  readonly healthy: boolean;
  readonly findings: readonly { readonly check: string; readonly status: string; readonly code: string | null }[];
  readonly failure: { readonly code: string } | null;
}

const URL_OF_KMS = "https://kms.example";
const NOW = "2025-06-25T00:00:00Z";
const OK = { status: "ok", code: null, reason: null };
const ALIVE = json({ status: "alive", service: "mero-kms-phala" });

function ready(checks: Readonly<Record<string, unknown>>, isReady = true): FakeAnswer {
  return json({ ready: isReady, checks }, isReady ? 200 : 503);
}

/** A KMS in order that quotes nothing: what is looked at here is all that it says beside its quote. */
async function examine(answers: Readonly<Record<string, FakeAnswer>>, ...flags: readonly string[]): Promise<Outcome> {
  const fetch = fakeFetch({ "/health": ALIVE, "/ready": ready({ policy: OK }), ...answers });
  return await runInWorld(["doctor", URL_OF_KMS, ...flags], { fetch, now: NOW });
}

/** The findings about anything but evidence that are not in order. */
function said(outcome: Outcome): readonly string[] {
  const { findings } = documentOf<Diagnosis>(outcome);
  return findings.flatMap(({ check, status, code }) =>
    code === null || check === "evidence" ? [] : [`${check}: ${status} ${code}`],
  );
}

describe("a KMS looked at from outside", () => {
  test.each<{
    readonly name: string;
    readonly answers: Readonly<Record<string, FakeAnswer>>;
    readonly found: readonly string[];
  }>([
    { name: "in order", answers: {}, found: [] },
    {
      name: "something else at the address",
      answers: { "/health": json({ status: "ok" }) },
      found: ["address: failed answer-shape-invalid"],
    },
    {
      name: "without readiness",
      answers: { "/ready": json({ error: "not_found" }, 404) },
      found: ["readiness: warning readiness-absent"],
    },
    {
      name: "not ready",
      answers: {
        "/ready": ready({ policy: { status: "failed", code: "policy-missing", reason: "no policy" } }, false),
      },
      found: ["readiness: policy: failed policy-missing"],
    },
    {
      name: "ready under a condition",
      answers: {
        "/ready": ready({ trustAnchor: { status: "degraded", code: "simulated-root", reason: "simulated" } }),
      },
      found: ["readiness: trustAnchor: warning simulated-root"],
    },
    {
      name: "with a code that is none",
      answers: { "/ready": ready({ policy: { status: "failed", code: "\u001B[2J", reason: "\u001B[2J" } }, false) },
      found: ["readiness: policy: failed answer-shape-invalid"],
    },
    {
      name: "with another time",
      answers: { "/health": { ...ALIVE, headers: { date: "Wed, 25 Jun 2025 00:01:00 GMT" } } },
      found: ["clock: warning clock-differs"],
    },
    {
      name: "with the same time",
      answers: { "/health": { ...ALIVE, headers: { date: "Wed, 25 Jun 2025 00:00:15 GMT" } } },
      found: [],
    },
  ])("$name", async ({ answers, found }) => {
    expect(said(await examine(answers, "--json"))).toEqual(found);
  });

  test("that nobody answers for: one finding, and the rest is not looked at", async () => {
    const outcome = await runInWorld(["doctor", URL_OF_KMS, "--json"]);
    expect(outcome.exitCode).toBe(10);
    const { healthy, findings, failure } = documentOf<Diagnosis>(outcome);
    expect(healthy).toBe(false);
    expect(failure?.code).toBe("deployment-unhealthy");
    expect(findings.map(({ status, code }) => [status, code])).toEqual([
      ["failed", "kms-unreachable"],
      ["skipped", null],
      ["skipped", null],
      ["skipped", null],
    ]);
  });

  test("that does not quote is not healthy, whatever it says of itself", async () => {
    const { findings } = documentOf<Diagnosis>(await examine({}, "--json"));
    expect(findings.at(-1)).toMatchObject({ check: "evidence", status: "failed", code: "appraisal-incomplete" });
  });

  test("says nothing that steers a terminal", async () => {
    const answers = {
      "/ready": ready({ "\u001B[2J": { status: "failed", code: "x", reason: "\u001B[31mred" } }, false),
    };
    expect((await examine(answers)).stdout).not.toContain("\u001B");
  });
});

describe("the text of the doctor", () => {
  test("is one plain line for each finding where nobody looks", async () => {
    const { stdout } = await examine({});
    const lines = stdout.split("\n").filter((line) => /^(?:ok|warning|failed|skipped) /.test(line));
    expect(lines).toHaveLength(4);
    expect(lines.at(-1)).toMatch(/^failed evidence: appraisal-incomplete .*\(docs\/errors\.md#appraisal-incomplete\)$/);
  });

  test("is a table with what to do under it on a terminal", async () => {
    const fetch = fakeFetch({});
    const { stdout } = await runInWorld(["doctor", URL_OF_KMS], {
      fetch,
      isTerminal: true,
      environment: { NO_COLOR: "1" },
    });
    expect(stdout).toContain("   check      code             what was found\n");
    expect(stdout).toContain("What to do\n  kms-unreachable\n");
  });
});

describe("a command line that asks for two things", () => {
  test("is refused", async () => {
    expect((await examine({}, "--env-file", "kms.env")).exitCode).toBe(2);
  });

  test("needs a checkout to look at this machine", async () => {
    const outcome = await runInWorld(["doctor", "--json"]);
    expect(outcome.exitCode).toBe(2);
    expect(documentOf<Diagnosis>(outcome).failure?.code).toBe("checkout-required");
  });
});
