import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

import { memoryFiles } from "./memory-files.ts";
import { documentOf, runInWorld } from "./run-cli.ts";

const POLICY = "kms-phala-attestation-policy.locked-read-only.json";
const CANDIDATES = "measurement-policy-candidates-locked-read-only.json";

function vector(name: string): string {
  return readFileSync(new URL(`../../release-artifacts/test/vectors/release/${name}`, import.meta.url), "utf8");
}

const policy = vector(POLICY);
const candidates = vector(CANDIDATES);
const OTHER = "ab".repeat(48);

/** The value of a text member, wherever it stands. */
function memberOf(document: string, key: string): string {
  return new RegExp(`"${key}": (?:\\[\\s*)?"([^"]+)"`).exec(document)?.[1] ?? "";
}

describe("policy validate", () => {
  test("accepts a released policy", async () => {
    const files = memoryFiles({ [POLICY]: policy });
    const outcome = await runInWorld(["policy", "validate", POLICY, "--json"], { files });
    expect(outcome.exitCode).toBe(0);
    expect(documentOf(outcome)).toEqual({
      schemaVersion: 1,
      files: [{ file: POLICY, valid: true, profile: "locked-read-only", version: "2.4.0", problems: [] }],
      failure: null,
    });
    expect((await runInWorld(["policy", "validate", POLICY], { files })).stdout).toBe(
      `✓ valid    ${POLICY}  2.4.0 locked-read-only\n`,
    );
  });

  test.each([
    { name: "cut JSON", change: (text: string) => text.slice(0, 99), code: "document-json-malformed" },
    {
      name: "a key twice",
      change: (text: string) => text.replace("{", '{"tag": "2.4.0",'),
      code: "document-json-malformed",
    },
    {
      name: "a missing member",
      change: (text: string) => text.replace('"commit_sha"', '"commit"'),
      code: "document-field-missing",
    },
    {
      name: "another schema version",
      change: (text: string) => text.replace('"schema_version": 1', '"schema_version": 9'),
      code: "document-schema-version-unsupported",
    },
    {
      name: "a policy that is not ready",
      change: (text: string) => text.replace('"ready"', '"policy_not_ready"'),
      code: "policy-not-ready",
    },
    {
      name: "a KMS that can pass as a node",
      change: (text: string) =>
        text.replaceAll(memberOf(text, "kms_allowed_rtmr3"), memberOf(text, "node_allowed_rtmr3")),
      code: "policy-roles-overlap",
    },
  ])("refuses $name, and still looks at the other files", async ({ change, code }) => {
    const files = memoryFiles({ bad: change(policy), [POLICY]: policy });
    const outcome = await runInWorld(["policy", "validate", "bad", POLICY, "--json"], { files });
    expect(outcome.exitCode).toBe(10);
    expect(documentOf(outcome)).toMatchObject({ files: [{ valid: false }, { valid: true }], failure: { code } });
  });

  test("names every problem, with its path", async () => {
    const files = memoryFiles({
      bad: policy.replace('"commit_sha"', '"commit"').replace(/"generated_at": "[^"]+"/, '"generated_at": "now"'),
    });
    const { stdout } = await runInWorld(["policy", "validate", "bad"], { files });
    expect(stdout).toContain("bad lacks commit_sha, a commit, 40 lower-case hex digits.");
    expect(stdout).toContain("bad: generated_at must be a UTC time such as 2026-01-15T10:20:00Z.");
  });
});

describe("policy diff", () => {
  const changed = policy.replace(memberOf(policy, "node_allowed_rtmr1"), OTHER);

  test("shows what came and what went, under its path", async () => {
    const files = memoryFiles({ a: policy, b: changed });
    const outcome = await runInWorld(["policy", "diff", "a", "b", "--json"], { files });
    expect(outcome.exitCode).toBe(0);
    const removed = memberOf(policy, "node_allowed_rtmr1");
    expect(documentOf(outcome)).toMatchObject({
      changes: [{ path: "policy.node_allowed_rtmr1", added: [OTHER], removed: [removed] }],
    });
    expect((await runInWorld(["policy", "diff", "a", "b"], { files })).stdout).toBe(
      `policy.node_allowed_rtmr1\n  - ${removed}\n  + ${OTHER}\n`,
    );
    expect((await runInWorld(["policy", "diff", "a", "b", "--format", "markdown"], { files })).stdout).toContain(
      `| \`policy.node_allowed_rtmr1\` | \`${removed}\` | \`${OTHER}\` |`,
    );
    expect((await runInWorld(["policy", "diff", "a", "a"], { files })).stdout).toBe("No difference.\n");
  });

  test("keeps the words of a policy out of the markup of a pull request", async () => {
    const hostile = policy.replace('"release-probe+node"', '"`|x|` <img src=x>\\u001b[2J"');
    const files = memoryFiles({ a: policy, b: hostile });
    const { stdout } = await runInWorld(["policy", "diff", "a", "b", "--format", "markdown"], { files });
    expect(stdout.split("\n")[2]).toBe(
      "| `policy_registry_entry_path` | `release-probe+node` | `??x?? <img src=x>?[2J` |",
    );
  });
});

/** The released policy with the candidates' machine as a set, and beside it one that has other RTMR1 to RTMR3. */
function policyWithSets(): string {
  const probed = Object.fromEntries(
    ["mrtd", "rtmr0", "rtmr1", "rtmr2", "rtmr3"].map((name) => [name, memberOf(candidates, `allowed_${name}`)]),
  );
  const common = { profile: "locked-read-only", machine_type: "c3-standard-4" };
  const record = { td_attributes: "0000001000000000", xfam: "e742060000000000" };
  const own = { id: "2.4.0/locked-read-only/c3-standard-4", ...common, ...probed, ...record };
  const other = { ...own, id: "2.3.9/locked-read-only/c3-standard-4", rtmr1: OTHER, rtmr2: OTHER, rtmr3: OTHER };
  return policy.replace('"policy": {', `"policy": { "node_measurement_sets": ${JSON.stringify([own, other])},`);
}

describe("policy evaluate", () => {
  const args = [
    "policy",
    "evaluate",
    "--policy",
    POLICY,
    "--profile",
    "locked-read-only",
    "--role",
    "node",
    "--measurements",
  ];

  test("accepts the candidates that the policy was made from", async () => {
    const files = memoryFiles({ [POLICY]: policy, c: candidates });
    const outcome = await runInWorld([...args, "c", "--json"], { files });
    expect(outcome.exitCode).toBe(0);
    expect(documentOf(outcome)).toEqual({ schemaVersion: 1, allowed: true, mismatches: [], failure: null });
  });

  test("judges as a node unless told otherwise, and says as what it judged", async () => {
    const files = memoryFiles({ [POLICY]: policy, c: candidates });
    const unsaid = args.filter((word) => word !== "--role" && word !== "node");
    expect(await runInWorld([...unsaid, "c"], { files })).toEqual(await runInWorld([...args, "c"], { files }));
    const asKms = await runInWorld([...unsaid, "c", "--role", "kms"], { files });
    expect(asKms.exitCode).toBe(10);
    expect(asKms.stdout).toContain("✗ does not accept these values of a KMS of profile locked-read-only\n");
  });

  test("names the measurement set that values match as a whole", async () => {
    const files = memoryFiles({ [POLICY]: policyWithSets(), c: candidates });
    expect(documentOf(await runInWorld([...args, "c", "--json"], { files }))).toEqual({
      schemaVersion: 1,
      allowed: true,
      mismatches: [],
      measurementSet: { id: "2.4.0/locked-read-only/c3-standard-4", release: "2.4.0" },
      failure: null,
    });
    const { stdout } = await runInWorld([...args, "c"], { files });
    expect(stdout).toBe(
      "✓ accepts these values of a node of profile locked-read-only, measurement set 2.4.0/locked-read-only/c3-standard-4\n",
    );
  });

  test("refuses values mixed from two sets, and says which set is nearest and what differs", async () => {
    const mixed = candidates.replace(memberOf(candidates, "allowed_rtmr1"), OTHER);
    const files = memoryFiles({ [POLICY]: policyWithSets(), c: mixed });
    const outcome = await runInWorld([...args, "c", "--json"], { files });
    expect(outcome.exitCode).toBe(10);
    expect(documentOf(outcome)).toMatchObject({
      allowed: false,
      mismatches: [{ field: "rtmr1", actual: OTHER, allowed: [memberOf(candidates, "allowed_rtmr1")] }],
      nearestSet: { id: "2.4.0/locked-read-only/c3-standard-4", release: "2.4.0", differs: ["rtmr1"] },
      failure: { code: "policy-mismatch" },
    });
    const { stdout } = await runInWorld([...args, "c"], { files });
    expect(stdout).toContain(
      "The nearest measurement set is 2.4.0/locked-read-only/c3-standard-4, which differs in rtmr1.",
    );
    expect(stdout).toContain("the nearest set has:");
  });

  test("refuses another register, and says which are allowed", async () => {
    const files = memoryFiles({
      [POLICY]: policy,
      c: candidates.replace(memberOf(candidates, "allowed_rtmr2"), OTHER),
    });
    const outcome = await runInWorld([...args, "c", "--json"], { files });
    expect(outcome.exitCode).toBe(10);
    expect(documentOf(outcome)).toMatchObject({
      allowed: false,
      mismatches: [{ field: "rtmr2", actual: OTHER, allowed: [memberOf(policy, "node_allowed_rtmr2")] }],
      failure: {
        code: "policy-mismatch",
        stage: "policy",
        // Nothing was verified, so nothing is called genuine.
        message: `The policy does not accept these values: rtmr2 is ${OTHER}.`,
      },
    });
  });

  test("the flag decides about the TCB status, and without any there is no verdict", async () => {
    const flat = JSON.stringify(
      Object.fromEntries(
        ["mrtd", "rtmr0", "rtmr1", "rtmr2", "rtmr3"].map((name) => [name, memberOf(candidates, `allowed_${name}`)]),
      ),
    );
    const files = memoryFiles({ [POLICY]: policy, c: candidates, flat });
    expect(
      documentOf(await runInWorld([...args, "c", "--tcb-status", "out-of-date", "--json"], { files })),
    ).toMatchObject({
      mismatches: [{ field: "tcbStatus", actual: "OutOfDate" }],
    });
    expect((await runInWorld([...args, "flat", "--tcb-status", "UpToDate"], { files })).exitCode).toBe(0);
    expect((await runInWorld([...args, "flat"], { files })).exitCode).toBe(2);
    expect((await runInWorld([...args, "flat", "--tcb-status", "fine"], { files })).exitCode).toBe(2);
  });

  test.each([
    { name: "no measurements", extra: [], exitCode: 2 },
    { name: "a quote as well", extra: ["c", "--quote", "c"], exitCode: 2 },
    { name: "a file that is no measurements", extra: [POLICY], exitCode: 10 },
    { name: "a file that is not there", extra: ["nothere"], exitCode: 11 },
  ])("$name: exit code $exitCode", async ({ extra, exitCode }) => {
    const files = memoryFiles({ [POLICY]: policy, c: candidates });
    const command = extra.length === 0 ? args.slice(0, -1) : [...args, ...extra];
    expect((await runInWorld(command, { files })).exitCode).toBe(exitCode);
  });
});

describe("policy promote", () => {
  const args = ["policy", "promote", "--candidates", "c", "--into", POLICY];
  const probe = candidates.replace(memberOf(candidates, "allowed_rtmr1"), OTHER);

  test("puts what a probe saw in place of what was there, and nothing else", async () => {
    const files = memoryFiles({ [POLICY]: policy, c: probe });
    const outcome = await runInWorld([...args, "--out", "new"], { files });
    expect(outcome).toMatchObject({ exitCode: 0, stdout: "" });
    expect(outcome.stderr).toContain(
      `policy.node_allowed_rtmr1\n  - ${memberOf(policy, "node_allowed_rtmr1")}\n  + ${OTHER}\n`,
    );
    expect(files.written.get("new")?.text).toBe(policy.replace(memberOf(policy, "node_allowed_rtmr1"), OTHER));
    expect((await runInWorld(args, { files })).stdout).toBe(files.written.get("new")?.text);
  });

  test("for a KMS changes the historical names as well", async () => {
    const ofKms = probe.replace(memberOf(probe, "allowed_rtmr3"), "cd".repeat(48));
    const { stdout } = await runInWorld([...args, "--role", "kms"], {
      files: memoryFiles({ [POLICY]: policy, c: ofKms }),
    });
    expect([memberOf(stdout, "kms_allowed_rtmr1"), memberOf(stdout, "allowed_rtmr1")]).toEqual([OTHER, OTHER]);
    expect(memberOf(stdout, "node_allowed_rtmr1")).toBe(memberOf(policy, "node_allowed_rtmr1"));
  });

  test.each([
    {
      name: "a platform that is out of date",
      change: (text: string) => text.replaceAll('"UpToDate"', '"OutOfDate"'),
      code: "candidates-tcb-not-allowed",
    },
    {
      name: "two machines",
      change: (text: string) => text.replace('"allowed_mrtd": [', `"allowed_mrtd": ["${OTHER}",`),
      code: "candidates-ambiguous",
    },
    {
      name: "a KMS's RTMR3 as a node's",
      change: (text: string) => text.replace(memberOf(text, "allowed_rtmr3"), memberOf(policy, "kms_allowed_rtmr3")),
      code: "policy-roles-overlap",
    },
    {
      name: "a machine that measured nothing",
      change: (text: string) => text.replace(memberOf(text, "allowed_rtmr3"), "0".repeat(96)),
      code: "policy-measurement-forbidden",
    },
  ])("refuses $name, and writes nothing", async ({ change, code }) => {
    const files = memoryFiles({ [POLICY]: policy, c: change(candidates) });
    const outcome = await runInWorld([...args, "--out", "new", "--json"], { files });
    expect(outcome.exitCode).toBe(10);
    expect(documentOf(outcome)).toMatchObject({ failure: { code } });
    expect(files.written.size).toBe(0);
  });

  test("keeps the tuples of other machine types, and the lists as their columns", async () => {
    const set = {
      id: "2.4.0/locked-read-only/c3-standard-8",
      profile: "locked-read-only",
      machine_type: "c3-standard-8",
      mrtd: OTHER,
      rtmr0: OTHER,
      rtmr1: OTHER,
      rtmr2: OTHER,
      rtmr3: OTHER,
      td_attributes: "0000001000000000",
      xfam: "e742060000000000",
    };
    const withSets = policy.replace(
      '"allowed_tcb_statuses": [',
      `"node_measurement_sets": [${JSON.stringify(set)}],\n    "allowed_tcb_statuses": [`,
    );
    const { stdout } = await runInWorld(args, { files: memoryFiles({ [POLICY]: withSets, c: candidates }) });
    expect([...stdout.matchAll(/"machine_type": "(?<type>[^"]+)"/g)].map(({ groups }) => groups?.["type"])).toEqual([
      "c3-standard-4",
      "c3-standard-8",
    ]);
    expect(stdout).toContain(
      `"node_allowed_rtmr3": [\n      "${memberOf(candidates, "allowed_rtmr3")}",\n      "${OTHER}"\n    ]`,
    );
  });
});

describe("policy merod-config", () => {
  const args = ["policy", "merod-config", "--policy", POLICY, "--profile", "locked-read-only", "--kms-url"];

  test("writes what merod reads, and where it comes from", async () => {
    const files = memoryFiles({ [POLICY]: policy });
    const { exitCode, stdout, stderr } = await runInWorld([...args, "https://kms.example.com"], { files });
    expect(exitCode).toBe(0);
    const sha256 = createHash("sha256").update(policy).digest("hex");
    expect(stdout.split("\n").slice(0, 10)).toEqual([
      `# mero-tee release mero-kms-v2.4.0 (commit aed4e223e6c3b94322280fef57aa739cd233ca2d, profile locked-read-only, policy sha256 ${sha256})`,
      '# Pin to a reviewed release; never follow "latest".',
      "[tee.kms.phala]",
      'url = "https://kms.example.com/"',
      "",
      "[tee.kms.phala.attestation]",
      "enabled = true",
      "accept_mock = false",
      'allowed_tcb_statuses = ["UpToDate"]',
      `allowed_mrtd = ["${memberOf(policy, "kms_allowed_mrtd")}"]`,
    ]);
    expect(stdout).toMatch(/\nbinding_b64 = "IyP\+rOn9F1GomrK\+u4q6FF80OjaI49FlXtQo6wdm45Y="\n$/);
    expect(stderr).toContain("holds a random instance id");
  });

  test("takes no policy of another profile, and no address that is none", async () => {
    const files = memoryFiles({ [POLICY]: policy });
    const other = args.map((word) => (word === "locked-read-only" ? "debug" : word));
    expect((await runInWorld([...other, "https://kms.example.com"], { files })).exitCode).toBe(10);
    expect((await runInWorld([...args, 'x"\n[evil]'], { files })).exitCode).toBe(2);
  });

  test.each([
    ["a node that is not named", ["--apply", "--merod-home", "/srv"]],
    ["a node without a home", ["--format", "commands", "--node", "node1"]],
    ["a node for nothing", ["--merod-home", "/srv", "--node", "node1"]],
    ["a form of what is not printed", ["--apply", "--format", "toml", "--merod-home", "/srv", "--node", "node1"]],
    ["a dry run of nothing", ["--dry-run"]],
    ["a home that is a flag", ["--apply", "--merod-home=--version", "--node", "node1"]],
    ["a home that steers a terminal", ["--apply", "--merod-home", "/srv\u001b[2J", "--node", "node1"]],
    ["a node elsewhere", ["--apply", "--merod-home", "/srv", "--node", "../x"]],
  ])("takes no %s", async (_, more) => {
    const files = memoryFiles({ [POLICY]: policy });
    const outcome = await runInWorld([...args, "https://kms.example.com", ...more], { files });
    expect(outcome).toMatchObject({ exitCode: 2, stdout: "" });
  });

  test("takes no address that a node which verifies its KMS refuses", async () => {
    const files = memoryFiles({ [POLICY]: policy });
    const outcomeOf = async (url: string) => await runInWorld([...args, url], { files });
    expect((await outcomeOf("http://127.0.0.1:8080")).exitCode).toBe(0);
    for (const url of ["http://kms.example.com", "http://localhost:8080"]) {
      expect(await outcomeOf(url)).toMatchObject({
        exitCode: 2,
        stderr: expect.stringContaining("loopback IP address"),
      });
    }
  });
});
