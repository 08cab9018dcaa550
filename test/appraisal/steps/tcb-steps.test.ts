import { expect, test } from "vitest";
import type { AppraisalRequest } from "../../../packages/appraisal/src/index.ts";
import { createSimulatedPlatform, type PlatformOptions } from "../../../packages/tee-simulator/src/index.ts";
import { appraiseWith, given, nodeQuote, NOW } from "../world.ts";
import { changedRelease, publishedProfile, type StepRow, testSteps, world } from "./step-rows.ts";

/** A node of a platform that is not the healthy one, with its collateral; the root is the same. */
async function ofPlatform(options: Pick<PlatformOptions, "tcbStatus" | "adjust">): Promise<Partial<AppraisalRequest>> {
  const platform = await createSimulatedPlatform({ seed: "appraisal", now: NOW, ...options });
  return {
    inputs: [{ name: "quote", bytes: await nodeQuote(platform) }],
    collateral: given(await platform.collateralText()),
  };
}

const TCB_ROWS: readonly StepRow[] = [
  {
    name: "a revoked patch level",
    kind: "node",
    change: async () => await ofPlatform({ tcbStatus: "Revoked" }),
    step: "tcb.status",
    status: "fail",
    code: "tcb-revoked",
    verdict: "failed",
  },
  {
    name: "an old patch level that the release does not allow",
    kind: "node",
    change: async () => await ofPlatform({ tcbStatus: "OutOfDate" }),
    step: "tcb.status",
    status: "fail",
    code: "tcb-status-not-allowed",
    verdict: "failed",
  },
  {
    name: "an old patch level that the release allows",
    kind: "node",
    change: async () => ({
      ...(await ofPlatform({ tcbStatus: "OutOfDate" })),
      ...changedRelease("node", {
        published: (document) =>
          Object.assign(publishedProfile(document, "locked-read-only"), {
            allowed_tcb_statuses: ["UpToDate", "OutOfDate"],
          }),
      }),
    }),
    step: "tcb.status",
    status: "warn",
    code: "tcb-status-tolerated",
    verdict: "simulated",
  },
  {
    name: "an old patch level, and no release to say whether that will do",
    kind: "node",
    change: async () => ({
      ...(await ofPlatform({ tcbStatus: "OutOfDate" })),
      releases: { status: "unavailable", reason: "time ran out" },
    }),
    step: "tcb.status",
    status: "skip",
    code: "tcb-status-unjudged",
    verdict: "simulated",
  },
  {
    name: "a patch level that only the reader does not allow",
    kind: "node",
    change: () => ({ tcbStatuses: [] }),
    step: "tcb.status",
    status: "fail",
    code: "tcb-status-not-allowed",
    verdict: "failed",
  },
  {
    name: "a release that allows no patch level at all",
    kind: "node",
    change: () =>
      changedRelease("node", {
        published: (document) =>
          Object.assign(publishedProfile(document, "locked-read-only"), { allowed_tcb_statuses: [] }),
      }),
    step: "tcb.status",
    status: "fail",
    code: "tcb-status-not-allowed",
    verdict: "failed",
  },
  {
    name: "a coming baseline that did not come",
    kind: "node",
    change: () => ({ earlyCollateral: { status: "unavailable", reason: "time ran out" } }),
    step: "tcb.baseline",
    status: "error",
    code: "tcb-baseline-unknown",
    verdict: "simulated",
  },
];

testSteps(TCB_ROWS);

test("an advisory stands with the date of the level that names it", async () => {
  const change = await ofPlatform({
    adjust: ({ tcbInfo, qeIdentity }) => {
      for (const level of tcbInfo.document.tcbLevels) {
        level.advisoryIDs = ["INTEL-SA-01079", "INTEL-SA-01036"];
        level.tcbDate = "2024-03-13T00:00:00Z";
      }
      for (const level of qeIdentity.document.tcbLevels) level.advisoryIDs = ["INTEL-SA-00657"];
    },
  });
  const report = await appraiseWith(world, "node", change);
  const { status, evidence } = report.steps.find(({ id }) => id === "tcb.advisories") ?? {};
  expect(status).toBe("warn");
  expect(evidence?.map(({ value }) => value)).toEqual([
    "INTEL-SA-00657, patch level of 2024-11-13",
    "INTEL-SA-01036, patch level of 2024-03-13",
    "INTEL-SA-01079, patch level of 2024-03-13",
  ]);
});
