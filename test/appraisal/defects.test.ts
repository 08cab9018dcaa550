import { parseQuote, verifyQuote } from "../../packages/tdx-quote/src/index.ts";
import { listDefects } from "../../packages/tee-simulator/src/index.ts";
import { beforeAll, expect, test } from "vitest";
import { appraise, missingSteps, recogniseInputs } from "../../packages/appraisal/src/index.ts";
import { createWorld, given, NONCE, reportDataOf, requestFor, type World, ZEROS } from "./world.ts";

let world: World;

beforeAll(async () => {
  world = await createWorld();
}, 120_000);

/** Whatever a simulated platform can get wrong, one variant of each. */
test.each(listDefects().map(({ id }) => id))(
  "evidence with %s never has everything in order that it must have",
  async (defect) => {
    const { platform } = world;
    const reportData = reportDataOf(NONCE, ZEROS);
    const { quote, ccel, eventLog } = await platform.issueQuote({ reportData, role: "node", defect });
    const collateral = await platform.collateralText({ forQuote: quote });
    const request = await requestFor(world, "node", {
      inputs: [
        { name: "quote", bytes: new Uint8Array(quote) },
        ...(defect.startsWith("ccel") ? [{ name: "ccel", bytes: new Uint8Array(ccel) }] : []),
        ...(defect.startsWith("dstack") ? [{ name: "log", bytes: new TextEncoder().encode(eventLog) }] : []),
      ],
      collateral: given(collateral),
    });
    const report = await appraise(request, world.anchors);
    expect(report.steps.filter(({ code }) => code === "step-exception")).toEqual([]);

    const parsed = parseQuote(new Uint8Array(quote));
    const verified = parsed.ok
      ? await verifyQuote(parsed.value, collateral, { now: request.now, rootCa: platform.rootCa })
      : parsed;
    if (verified.ok) return;
    const isRefused = report.verdict === "failed" || missingSteps(report.steps).length > 0;
    expect({ defect, recognised: recogniseInputs(request.inputs).problem?.code, isRefused }).toMatchObject({
      isRefused: true,
    });
  },
);
