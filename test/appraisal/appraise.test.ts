import { beforeAll, describe, expect, test } from "vitest";
import { type AttesterKind, missingSteps } from "../../packages/appraisal/src/index.ts";
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

  test("never reads like something to be trusted", async () => {
    const { sentence } = await appraiseWith(world, kind);
    expect(sentence).not.toMatch(/verified|genuine|trusted/i);
  });
});
