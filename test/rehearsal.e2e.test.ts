import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runSteps } from "../scripts/release/lane-steps.ts";
import { FAILURES } from "../scripts/rehearsal/failures.ts";
import { playSteps, type Scene, setScene } from "../scripts/rehearsal/play.ts";
import { type FailureStage, setFailureStage } from "../scripts/rehearsal/play-failure.ts";
import { createRehearsalWorld } from "../scripts/rehearsal/world.ts";
import { blocksOf, readPage } from "./markdown.ts";

const LIMIT_MS = 300_000;

/** What the runbook tells an operator to run, about the release that was rehearsed and in a place of its own. */
function runbookCommands({ world, run }: Scene): readonly (readonly string[])[] {
  const page = readPage("docs/runbooks/verify-release.md").replaceAll(/^ {3}/gm, "");
  const lines = blocksOf(page, "sh").flatMap((block) => block.split("\n"));
  return lines
    .filter((line) => line.startsWith("mero-tee "))
    .map((line) => {
      const words = line.replaceAll("2.4.0", run.version).split(" ").slice(1);
      const args = words.map((word) => word.replace(/^(?:\.\/)?(?=mero-(?:kms|tee)-v)/, `${world.directory}/runbook-`));
      return args[1] === "verify" ? [...args, "--trusted-root", world.trustedRootFile] : args;
    });
}

/** What a person sees who verifies the node release, as docs/releases.md shows it. */
async function captured({ world, run, tools }: Scene): Promise<string> {
  const args = ["release", "verify", "./mero-tee-v0.1.0", "--lane", "node", "--trusted-root", "trusted_root.json"];
  const real = new Map([
    ["./mero-tee-v0.1.0", world.github.directoryOf(`mero-tee-v${run.version}`)],
    ["trusted_root.json", world.trustedRootFile],
  ]);
  const paths = args.map((word) => real.get(word) ?? word);
  const { stdout } = await tools.meroTee(paths, "text");
  return `$ mero-tee ${args.join(" ")}\n${stdout.replace(world.trustedRootFile, "trusted_root.json")}`;
}

function blockOf(firstWords: string): string | undefined {
  return blocksOf(readPage("docs/releases.md"), "text").find((block) => block.startsWith(firstWords));
}

describe("a rehearsed release", () => {
  test(
    "goes from build outputs to a node that gets its key, in every lane",
    async () => {
      const world = await createRehearsalWorld();
      try {
        for (const lane of ["node", "kms", "verifier"] as const) {
          const scene = await setScene(world, lane);
          const { steps, stop } = await runSteps(playSteps(scene));
          expect(stop).toBeNull();
          expect(steps.every(({ status }) => status === "done")).toBe(true);
          if (lane !== "kms") continue;
          const deployed = steps.find(({ step }) => step === "deploy");
          expect(deployed?.evidence).toMatch(
            /key [0-9a-f]{16}, wrapped; 9 pairs, 3 keys; 2 rules hold, 0 not asked; 4 rules hold, 0 not asked$/,
          );
          const commands = runbookCommands(scene);
          expect(commands.map(([, command]) => command)).toEqual(["download", "download", "verify", "verify"]);
          for (const command of commands) {
            const { exitCode, stderr } = await scene.tools.meroTee(command);
            expect({ exitCode, stderr: exitCode === 0 ? "" : stderr }).toEqual({ exitCode: 0, stderr: "" });
          }
          expect(await captured(scene)).toBe(blockOf("$ mero-tee release verify ./mero-tee-v0.1.0"));
        }
      } finally {
        await world.close();
      }
    },
    LIMIT_MS,
  );

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
