import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Expectation, GivenFile, Outcome } from "../../apps/attestation-verifier-web/src/worker/protocol.ts";
import type { StepId, StepStatus } from "../../packages/appraisal/src/index.ts";
import { type FaultWorld, startFaultWorld } from "./fault-world.ts";
import { stepsOf, verdictOnHardware } from "./page.ts";

let world: FaultWorld;
let saved: GivenFile;

beforeAll(async () => {
  world = await startFaultWorld();
  const made = await world.ask({ check: { asksIntel: false } });
  if (!made.ok) throw new Error(made.error.code);
  saved = { name: "evidence.json", bytes: new TextEncoder().encode(made.value.evidence?.text) };
}, 120_000);
afterAll(async () => await world.close());

const NOTHING: Expectation = { tag: null, profile: null, bindingHex: null, isStrict: false };

async function judged(check: Parameters<FaultWorld["judge"]>[0]): Promise<Outcome> {
  const made = await world.judge(check);
  if (!made.ok) throw new Error(made.error.code);
  return made.value;
}

describe("an evidence file of somebody else", () => {
  test("comes to what it came to, without what its reader knows; its challenge is not theirs", async () => {
    const outcome = await judged({ files: [saved] });
    expect(stepsOf(outcome)).toMatchObject({ "rel.measurements": "pass", "fresh.nonce": "warn" });
    expect(verdictOnHardware(outcome)).toBe("caution");
  });

  test.each<{ name: string; expected?: Partial<Expectation>; nonceHex?: string; step: StepId; status: StepStatus }>([
    { name: "a profile", expected: { profile: "debug" }, step: "rel.profile", status: "fail" },
    { name: "a release", expected: { tag: "mero-kms-v9.9.9" }, step: "rel.select", status: "fail" },
    { name: "a binding", expected: { bindingHex: "07".repeat(32) }, step: "fresh.binding", status: "fail" },
    { name: "a challenge", nonceHex: "07".repeat(32), step: "fresh.nonce", status: "fail" },
  ])(
    "is judged by $name that its reader demands, whatever the file says",
    async ({ expected, nonceHex, step, status }) => {
      const outcome = await judged({
        files: [saved],
        expected: { ...NOTHING, ...expected },
        nonceHex: nonceHex ?? null,
      });
      expect(stepsOf(outcome)[step]).toBe(status);
      expect(verdictOnHardware(outcome)).toBe("failed");
    },
  );

  test("passes with the challenge that its reader sent", async () => {
    const { nonce }: { nonce: { b64: string } } = JSON.parse(new TextDecoder().decode(saved.bytes));
    const outcome = await judged({ files: [saved], nonceHex: Buffer.from(nonce.b64, "base64").toString("hex") });
    expect(stepsOf(outcome)["fresh.nonce"]).toBe("pass");
  });
});

describe("a node's answer in a file, of an application that it was asked to bind", () => {
  test.each<{ name: string; applicationHashHex: string | null; status: StepStatus; verdict: string }>([
    { name: "its hash", applicationHashHex: "07".repeat(32), status: "pass", verdict: "verified" },
    { name: "another hash", applicationHashHex: "08".repeat(32), status: "fail", verdict: "failed" },
    { name: "no hash, so that it was asked for none", applicationHashHex: null, status: "fail", verdict: "failed" },
  ])("with $name: $verdict", async ({ applicationHashHex, status, verdict }) => {
    const nonceHex = "0a".repeat(32);
    world.simulator.installApplication("app-1", new Uint8Array(32).fill(7));
    const answer = await fetch(`${world.simulator.url}/admin-api/tee/attest`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ nonce: nonceHex, applicationId: "app-1" }),
    });
    const files = [{ name: "answer.json", bytes: new Uint8Array(await answer.arrayBuffer()) }];
    const outcome = await judged({ files, kind: "node", nonceHex, applicationHashHex, fetchesMissing: true });
    expect(stepsOf(outcome)["fresh.binding"]).toBe(status);
    expect(verdictOnHardware(outcome)).toBe(verdict);
  });
});

/** The same evidence without the release that it was judged with. */
function withoutRelease(): GivenFile {
  const document: Record<string, unknown> = JSON.parse(new TextDecoder().decode(saved.bytes));
  return { ...saved, bytes: new TextEncoder().encode(JSON.stringify({ ...document, release_assets: [] })) };
}

describe("evidence beside a release", () => {
  test.each([
    { name: "that its file holds", file: () => saved, fetchesMissing: false },
    { name: "that is fetched for it", file: withoutRelease, fetchesMissing: true },
  ])("$name has its registers compared, and its signatures verified", async ({ file, fetchesMissing }) => {
    const expected = { ...NOTHING, tag: "mero-kms-v0.0.0" };
    const outcome = await judged({ files: [file()], kind: "kms", expected, fetchesMissing });
    expect(stepsOf(outcome)).toMatchObject({
      "rel.select": "pass",
      "rel.sigstore": "pass",
      "rel.measurements": "pass",
    });
    expect(outcome.report.facts.registers.map(({ outcome: each }) => each)).toContain("match");
  });

  test("is not compared with one that may not be fetched", async () => {
    const expected = { ...NOTHING, tag: "mero-kms-v0.0.0" };
    const outcome = await judged({ files: [withoutRelease()], kind: "kms", expected });
    expect(stepsOf(outcome)["rel.select"]).not.toBe("pass");
    expect(outcome.report.facts.registers).toEqual([]);
  });
});
