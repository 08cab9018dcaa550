import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runSteps } from "../scripts/release/lane-steps.ts";
import { FAILURES } from "../scripts/rehearsal/failures.ts";
import { playSteps, setScene } from "../scripts/rehearsal/play.ts";
import { type FailureStage, setFailureStage } from "../scripts/rehearsal/play-failure.ts";
import { createRehearsalWorld } from "../scripts/rehearsal/world.ts";

const LIMIT_MS = 300_000;

describe("a rehearsed release", () => {
  test(
    "that is a dry run signs and publishes nothing",
    async () => {
      const world = await createRehearsalWorld();
      try {
        const scene = await setScene(world, "verifier");
        const { steps, stop } = await runSteps(playSteps(scene).slice(0, -1), { dryRun: true });
        expect(stop).toBeNull();
        const leftOut = steps.filter(({ status }) => status === "left-out").map(({ step }) => step);
        expect(leftOut).toEqual(["sign", "self-verify", "publish", "smoke"]);
        expect(await scene.tools.host.find("mero-verifier-v0.1.0")).toBeNull();
      } finally {
        await world.close();
      }
    },
    LIMIT_MS,
  );
});

describe("a rehearsed failure stops its lane", () => {
  let stage: FailureStage;

  beforeAll(async () => {
    stage = await setFailureStage();
  }, LIMIT_MS);

  afterAll(async () => {
    await stage.close();
  });

  test.each(FAILURES.map((failure) => ({ name: failure.name, what: failure.what, failure })))(
    "$name: $what",
    async ({ failure }) => {
      const { report, stoppedBy } = await stage.play(failure);
      expect({ step: report.stop?.step, by: stoppedBy.toSorted() }).toEqual({
        step: failure.stoppedAt,
        by: failure.stoppedBy.toSorted(),
      });
      expect(report.stop?.exitCode).not.toBe(0);
    },
    LIMIT_MS,
  );
});
