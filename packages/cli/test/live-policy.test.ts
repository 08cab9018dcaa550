import { readFileSync } from "node:fs";
import type { Report, Verdict } from "@mero-tee/appraisal";
import { describe, expect, test } from "vitest";

import { withLiveRtmr3 } from "../src/live-policy.ts";
import { loadPolicy } from "../src/policy-file.ts";
import { memoryFiles } from "./memory-files.ts";
import { readJson } from "./read-json.ts";
import { documentOf, runInWorld } from "./run-cli.ts";

const POLICY = "kms-phala-attestation-policy.locked-read-only.json";
const text = readFileSync(new URL(`../../release-artifacts/test/vectors/release/${POLICY}`, import.meta.url), "utf8");
const LIVE = "ab".repeat(48);

async function policyOfKms() {
  const files = memoryFiles({ [POLICY]: text });
  const loaded = await loadPolicy(files, { path: POLICY, profile: "locked-read-only", role: "kms" });
  if (!loaded.ok) throw new Error(loaded.error.view.message);
  return loaded.value;
}

/** What an appraisal of a live KMS of that policy came to. */
function report(
  verdict: Verdict,
  registers: Readonly<Record<"mrtd" | "rtmr0" | "rtmr1" | "rtmr2", string>>,
  rtmr3 = LIVE,
): Report {
  const zero = "00".repeat(48);
  const tcb = { status: "UpToDate", platform: "UpToDate", module: null, qe: "UpToDate", short: [], advisoryIds: [] };
  const quote = { version: 4, teeType: "tdx", tdVersion: "1.0", mrSeam: zero, ...registers, rtmr3 };
  const facts = { quote, tcb, replay: [], registers: [], release: null, profile: null, signatures: [] };
  const sentence = "This is what was found.";
  return readJson<Report>(
    JSON.stringify({
      schemaVersion: 1,
      verdict,
      because: [],
      sentence,
      notes: [],
      class: "production",
      steps: [],
      facts,
    }),
  );
}

async function released() {
  const policy = await policyOfKms();
  const [mrtd = "", rtmr0 = "", rtmr1 = "", rtmr2 = ""] = [policy.mrtd, policy.rtmr0, policy.rtmr1, policy.rtmr2].map(
    ([first]) => first,
  );
  return { policy, registers: { mrtd, rtmr0, rtmr1, rtmr2 } };
}

describe("a policy for one live KMS", () => {
  test("has the RTMR3 of a KMS that was verified, and keeps everything else", async () => {
    const { policy, registers } = await released();
    const live = withLiveRtmr3(policy, report("verified", registers));
    expect(live).toEqual({ ok: true, value: { ...policy, rtmr3: [...policy.rtmr3, LIVE] } });
  });

  test.each(["caution", "incomplete", "failed", "simulated"] as const)(
    "has none after the verdict %s",
    async (verdict) => {
      const { policy, registers } = await released();
      const live = withLiveRtmr3(policy, report(verdict, registers));
      expect(live).toMatchObject({ ok: false, error: { exitCode: 10, view: { code: `appraisal-${verdict}` } } });
    },
  );

  test("has none where the KMS is another than the policy is about", async () => {
    const { policy, registers } = await released();
    const live = withLiveRtmr3(policy, report("verified", { ...registers, rtmr2: LIVE }));
    expect(live).toMatchObject({ ok: false, error: { exitCode: 10, view: { code: "policy-mismatch" } } });
  });
});

describe("policy merod-config --live", () => {
  const args = ["policy", "merod-config", "--policy", POLICY, "--profile", "locked-read-only"];
  const live = [...args, "--kms-url", "https://kms.example.com", "--live", "--json"];

  test("writes nothing for a KMS that does not answer", { timeout: 60_000 }, async () => {
    const outcome = await runInWorld(live, { files: memoryFiles({ [POLICY]: text }) });
    expect(outcome.exitCode).toBe(10);
    expect(documentOf(outcome)).toMatchObject({ toml: null, failure: { code: "appraisal-incomplete" } });
  });

  test("asks for the release that the policy is from", async () => {
    const files = memoryFiles({ [POLICY]: text.replace('"tag": "2.4.0"', '"tag": "of my own"') });
    const outcome = await runInWorld(live, { files });
    expect(outcome.exitCode).toBe(10);
    expect(documentOf(outcome)).toMatchObject({ toml: null });
  });
});
