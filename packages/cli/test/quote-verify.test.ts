import { describe, expect, test } from "vitest";

import { memoryFiles } from "./memory-files.ts";
import { policyButForRtmr3 } from "./policy-document.ts";
import { EXPECTED, HAS_REAL_VECTORS, readVector } from "./real-vectors.ts";
import { readJson } from "./read-json.ts";
import { documentOf, runInWorld, type Outcome } from "./run-cli.ts";

const FIELDS = [
  "schemaVersion",
  "verified",
  "trustAnchor",
  "tcbStatus",
  "advisoryIds",
  "earliestExpiration",
  "fmspc",
  "quote",
  "policy",
  "failure",
];

const AT = "2025-06-25T00:00:00Z";

/** Verifies the quote of the first vector, with more arguments and files. */
async function verifyFirst(
  args: readonly string[],
  more: Readonly<Record<string, string | Uint8Array>> = {},
): Promise<Outcome> {
  const files = memoryFiles({
    "quote.bin": readVector("quotes/dcap-qvl-tdx-v4.bin"),
    "collateral.json": readVector("collateral/dcap-qvl-b0c06f-2025-06.json"),
    ...more,
  });
  return await runInWorld(["quote", "verify", "quote.bin", "--collateral", "collateral.json", ...args], { files });
}

describe.skipIf(!HAS_REAL_VECTORS)("quote verify, on real quotes", () => {
  const judged = EXPECTED.quotes.filter(({ collateral }) => collateral !== null);

  test.each(judged)("says of $id what the expectations say", async (vector) => {
    const { expected } = vector;
    const files = memoryFiles({
      "quote.bin": readVector(vector.quote),
      "collateral.json": readVector(vector.collateral ?? ""),
    });
    const at = vector.verificationTime ?? "";
    const outcome = await runInWorld(
      ["quote", "verify", "quote.bin", "--collateral", "collateral.json", "--at", at, "--json"],
      { files },
    );
    const isVerified = expected.failure === null;
    expect(outcome.exitCode).toBe(isVerified ? 0 : 10);
    const document = documentOf(outcome);
    expect(Object.keys(document)).toEqual(FIELDS);
    expect(document).toMatchObject({
      schemaVersion: 1,
      verified: isVerified,
      trustAnchor: "intel",
      tcbStatus: expected.status ?? null,
      advisoryIds: expected.advisoryIds ?? [],
      earliestExpiration: expected.earliestExpiration ?? null,
      // A platform is named by its PCK chain: where that was not valid yet, it has no name.
      fmspc: expected.failure?.stage === "pck-chain" ? null : vector.pck.fmspc,
      quote: { mrtd: vector.parsed["mrtd"] },
      policy: null,
      failure: expected.failure ?? null,
    });
  });

  test("takes the time of the clock where none is given", async () => {
    expect(await verifyFirst([])).toMatchObject({ exitCode: 0 });
    expect(documentOf(await verifyFirst(["--json", "--at", "2025-07-19T10:00:35Z"]))).toMatchObject({ verified: true });
    expect(documentOf(await verifyFirst(["--json", "--at", "2025-07-19T10:00:36Z"]))).toMatchObject({
      verified: false,
      failure: { code: "crl-expired" },
    });
  });

  test("takes a time with an offset for the same instant", async () => {
    const utc = await verifyFirst(["--json", "--at", "2025-07-19T10:00:35Z"]);
    expect(await verifyFirst(["--json", "--at", "2025-07-19T12:00:35+02:00"])).toEqual(utc);
  });

  test("compares the report data if asked to", async () => {
    const document = documentOf<{ quote: { reportData: string } }>(await verifyFirst(["--json", "--at", AT]));
    const { reportData } = document.quote;
    expect(await verifyFirst(["--at", AT, "--report-data", `0x${reportData.toUpperCase()}`])).toMatchObject({
      exitCode: 0,
    });
    const refused = await verifyFirst(["--json", "--at", AT, "--report-data", "00".repeat(64)]);
    expect(refused.exitCode).toBe(10);
    // What was judged before the last step is still told.
    expect(documentOf(refused)).toMatchObject({
      verified: false,
      tcbStatus: "UpToDate",
      fmspc: "b0c06f000000",
      earliestExpiration: "2025-07-19T10:00:35Z",
      failure: { code: "report-data-mismatch", stage: "report-data" },
    });
  });

  test("trusts nobody but the root that is given", async () => {
    const { tcb_info_issuer_chain: chain } = readJson<{ tcb_info_issuer_chain: string }>(
      readVector("collateral/dcap-qvl-b0c06f-2025-06.json"),
    );
    const [leaf, root] = chain.split(/(?<=-----END CERTIFICATE-----\n)/);
    const withIntel = await verifyFirst(["--json", "--at", AT, "--root-ca", "root.pem"], { "root.pem": root ?? "" });
    expect(documentOf(withIntel)).toMatchObject({ verified: true, trustAnchor: "intel" });
    const tooLate = ["--json", "--at", "2026-01-01T00:00:00Z", "--root-ca", "root.pem"];
    expect(documentOf(await verifyFirst(tooLate, { "root.pem": root ?? "" }))).toMatchObject({
      verified: false,
      trustAnchor: "intel",
    });
    const withOther = await verifyFirst(["--json", "--at", AT, "--root-ca", "root.pem"], { "root.pem": leaf ?? "" });
    expect(withOther.exitCode).toBe(10);
    expect(documentOf(withOther)).toMatchObject({
      verified: false,
      trustAnchor: "custom",
      quote: { version: 4 },
      failure: { code: "chain-root-untrusted", stage: "trust-anchor" },
    });
  });

  test.each([
    {
      name: "a root CA that is no certificate",
      args: ["--root-ca", "x"],
      content: "nothing",
      code: "root-ca-malformed",
    },
    {
      name: "two root CAs",
      args: ["--root-ca", "x"],
      content: `${pemBlock()}${pemBlock()}`,
      code: "root-ca-malformed",
    },
    { name: "collateral that is no JSON", args: ["--collateral", "x"], content: "[", code: "collateral-malformed" },
    {
      name: "a policy that is no JSON",
      args: ["--policy", "x", "--profile", "debug"],
      content: "[",
      code: "policy-json-malformed",
    },
  ])("refuses $name, and still says what the quote says", async ({ args, content, code }) => {
    const files = memoryFiles({
      "quote.bin": readVector("quotes/dcap-qvl-tdx-v4.bin"),
      "collateral.json": readVector("collateral/dcap-qvl-b0c06f-2025-06.json"),
      x: content,
    });
    const collateral = args.includes("--collateral") ? [] : ["--collateral", "collateral.json"];
    const outcome = await runInWorld(["quote", "verify", "quote.bin", ...collateral, ...args, "--json"], { files });
    expect(outcome.exitCode).toBe(10);
    expect(documentOf(outcome)).toMatchObject({ verified: false, quote: { version: 4 }, failure: { code } });
  });

  test.each(["--collateral", "--root-ca", "--policy"])("says 11 when the file of %s is missing", async (flag) => {
    const files = memoryFiles({
      "quote.bin": readVector("quotes/dcap-qvl-tdx-v4.bin"),
      "collateral.json": readVector("collateral/dcap-qvl-b0c06f-2025-06.json"),
    });
    const collateral = flag === "--collateral" ? [] : ["--collateral", "collateral.json"];
    const profile = flag === "--policy" ? ["--profile", "debug"] : [];
    const args = ["quote", "verify", "quote.bin", ...collateral, flag, "absent", ...profile, "--json"];
    const outcome = await runInWorld(args, { files });
    expect(outcome.exitCode).toBe(11);
    expect(documentOf(outcome)).toMatchObject({ quote: { version: 4 }, failure: { code: "file-missing" } });
  });

  test("a collateral service that cannot be reached is the environment's fault", async () => {
    const files = memoryFiles({ "quote.bin": readVector("quotes/dcap-qvl-tdx-v4.bin") });
    const outcome = await runInWorld(["quote", "verify", "quote.bin", "--json"], { files });
    expect(outcome.exitCode).toBe(1);
    expect(documentOf(outcome)).toMatchObject({
      verified: false,
      fmspc: "b0c06f000000",
      failure: { code: "fetch-failed", stage: "fetch" },
    });
  });

  describe("with a policy", () => {
    const other = "ab".repeat(48);
    const policy = (): string => policyButForRtmr3(EXPECTED.quotes[0]?.parsed ?? {}, other);
    const policyArgs = ["--at", AT, "--policy", "policy.json", "--profile", "debug", "--json"];

    test("refuses a genuine quote with one register that is not listed, and names it", async () => {
      const outcome = await verifyFirst(policyArgs, { "policy.json": policy() });
      expect(outcome.exitCode).toBe(10);
      expect(documentOf(outcome)).toMatchObject({
        verified: true,
        tcbStatus: "UpToDate",
        policy: { allowed: false, mismatches: [{ field: "rtmr3", actual: "00".repeat(48), allowed: [other] }] },
        failure: { code: "policy-mismatch", stage: "policy" },
      });
    });

    test("says which measurement set comes nearest, and holds the TCB status apart from it", async () => {
      const document: { policy: Record<string, unknown> } = readJson(policy());
      const { parsed } = EXPECTED.quotes[0] ?? {};
      const registers = { mrtd: parsed?.["mrtd"], rtmr0: parsed?.["rtmr0"], rtmr1: other, rtmr2: parsed?.["rtmr2"] };
      document.policy["node_measurement_sets"] = [
        {
          id: "2.4.0/debug/c3-standard-4",
          profile: "debug",
          machine_type: "c3-standard-4",
          ...registers,
          rtmr3: other,
          td_attributes: "0000001000000000",
          xfam: "e742060000000000",
        },
      ];
      document.policy["node_allowed_tcb_statuses"] = ["SWHardeningNeeded"];
      const files = { "policy.json": JSON.stringify(document) };
      expect(documentOf(await verifyFirst(policyArgs, files))).toMatchObject({
        policy: {
          mismatches: [{ field: "tcbStatus" }, { field: "rtmr1", allowed: [other] }, { field: "rtmr3" }],
          nearestSet: { id: "2.4.0/debug/c3-standard-4", differs: ["rtmr1", "rtmr3"] },
        },
      });
      const { stdout } = await verifyFirst(
        policyArgs.filter((word) => word !== "--json"),
        files,
      );
      expect(stdout).toContain(
        "The nearest measurement set is 2.4.0/debug/c3-standard-4, which differs in rtmr1, rtmr3",
      );
      expect(stdout).toMatch(/the policy lists:\n +SWHardeningNeeded\n/);
    });

    test("judges by the values of the KMS if asked to, and names every mismatch", async () => {
      const outcome = await verifyFirst([...policyArgs, "--role", "kms"], { "policy.json": policy() });
      const document = documentOf<{ policy: { mismatches: { field: string }[] } }>(outcome);
      expect(document.policy.mismatches.map(({ field }) => field)).toEqual([
        "mrtd",
        "rtmr0",
        "rtmr1",
        "rtmr2",
        "rtmr3",
      ]);
    });

    test("says for people what was seen and what is listed", async () => {
      const args = policyArgs.filter((word) => word !== "--json");
      const { stdout, exitCode } = await verifyFirst(args, { "policy.json": policy() });
      expect(exitCode).toBe(10);
      expect(stdout).toMatch(/^✗ Refused/);
      expect(stdout).toContain("✗ does not accept this quote");
      expect(stdout).toContain(other);
    });

    test("refuses a policy of another profile", async () => {
      const args = policyArgs.map((word) => (word === "debug" ? "locked-read-only" : word));
      const outcome = await verifyFirst(args, { "policy.json": policy() });
      expect(outcome.exitCode).toBe(10);
      expect(documentOf(outcome)).toMatchObject({ policy: null, failure: { code: "policy-profile-mismatch" } });
    });
  });

  test("reads well for people", async () => {
    const { stdout } = await verifyFirst(["--at", AT]);
    expect(stdout).toMatch(/^✓ Verified/);
    for (const text of ["Intel SGX Root CA", "UpToDate", "b0c06f000000", "2025-07-19T10:00:35Z", "MRTD", "none"]) {
      expect(stdout).toContain(text);
    }
    const refused = await verifyFirst(["--at", "2025-08-01T00:00:00Z"]);
    expect(refused.stdout).toMatch(/^✗ Refused {2}The TCB info has expired/);
    expect(refused.stdout).not.toContain("✓ Verified");
    expect(refused.stdout).toContain("docs/errors.md#tcb-info-expired");
  });
});

function pemBlock(): string {
  return `-----BEGIN CERTIFICATE-----\n${Buffer.from([0x30, 0x00]).toString("base64")}\n-----END CERTIFICATE-----\n`;
}

describe("quote verify, misused", () => {
  test.each([
    { name: "both sources of collateral", args: ["--collateral", "a", "--pccs", "https://pccs.example"] },
    { name: "a policy without a profile", args: ["--policy", "a"] },
    { name: "a profile without a policy", args: ["--profile", "debug"] },
    { name: "a role without a policy", args: ["--role", "kms"] },
    { name: "an unknown profile", args: ["--policy", "a", "--profile", "production"] },
    { name: "a time without an offset", args: ["--at", "2025-06-25T00:00:00"] },
    { name: "report data of 63 bytes", args: ["--report-data", "00".repeat(63)] },
    { name: "a service that is no URL", args: ["--pccs", "pccs.example"] },
    { name: "a service with a password", args: ["--pccs", "https://a:b@pccs.example"] },
    { name: "an unknown flag", args: ["--insecure"] },
    { name: "a second file", args: ["b.bin"] },
  ])("refuses $name as usage", async ({ args }) => {
    const outcome = await runInWorld(["quote", "verify", "a.bin", ...args, "--json"]);
    expect(outcome.exitCode).toBe(2);
    expect(documentOf(outcome)).toMatchObject({ schemaVersion: 1, failure: { code: "usage-invalid", stage: "usage" } });
  });
});
