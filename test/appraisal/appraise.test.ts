import { createHash } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import { type AttesterKind, missingSteps, type StepId } from "../../packages/appraisal/src/index.ts";
import { appraiseWith, createWorld, type World } from "./world.ts";

let world: World;

beforeAll(async () => {
  world = await createWorld();
}, 120_000);

describe.each<AttesterKind>(["kms", "node"])("a healthy simulated %s", (kind) => {
  test("is simulated, and nothing required is missing", async () => {
    const report = await appraiseWith(world, kind);
    const wanting = report.steps.filter(({ required, status }) => required && status !== "pass");
    expect(wanting).toEqual([]);
    expect(missingSteps(report.steps)).toEqual([]);
    expect(report).toMatchObject({
      verdict: "simulated",
      class: "simulated",
      kind,
      facts: { profile: "locked-read-only", release: { tag: kind === "kms" ? "mero-kms-v2.4.0" : "mero-tee-v2.4.0" } },
    });
  });

  test("shows what its hardware was judged by", async () => {
    const { steps, facts } = await appraiseWith(world, kind);
    const shown = (id: StepId): readonly string[] =>
      steps.find((step) => step.id === id)?.evidence.map(({ label }) => label) ?? [];
    expect(facts.chain.map(({ subject }) => subject)).toEqual([
      expect.stringContaining("PCK Certificate"),
      expect.stringContaining("PCK Platform CA"),
      expect.stringContaining("Root CA"),
    ]);
    const root = createHash("sha256").update(world.platform.rootCa).digest("hex");
    expect(facts.chain.at(-1)?.sha256).toBe(root);
    expect(shown("dcap.chain").filter((label) => label.startsWith("SHA-256 of the certificate"))).toHaveLength(3);
    expect(shown("dcap.chain")).toContain("Platform (PPID, shortened)");
    expect(shown("dcap.crl").filter((label) => label.startsWith("Number of the list"))).toHaveLength(2);
    expect(shown("dcap.qe")).toContain("Bits of ATTRIBUTES that count");
    expect(shown("dcap.sig")).toContain("Attestation key, x and y");
  });

  test("never reads like something to be trusted", async () => {
    const { sentence } = await appraiseWith(world, kind);
    expect(sentence).not.toMatch(/verified|genuine|trusted/i);
  });
});
