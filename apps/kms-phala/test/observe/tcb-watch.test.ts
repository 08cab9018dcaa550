import { type Collateral, parseCollateral } from "@mero-tee/tdx-quote";
import type { Recipe } from "@mero-tee/tee-simulator";
import { describe, expect, test } from "vitest";
import { createTcbWatch, type ForecastSummary, type TcbWatch } from "../../src/observe/tcb-watch.ts";
import { until } from "../e2e/until.ts";
import { type Harness, makePeer, NOW, platform, startHarness } from "../harness.ts";

const rootCa = new Uint8Array(platform.rootCa);

/** Collateral one TCB recovery ahead, changed. */
function early(change: (recipe: Recipe) => void = () => undefined): Collateral {
  const recipe = platform.recipe({ reportData: new Uint8Array(64) });
  recipe.tcbInfo.document.tcbEvaluationDataNumber += 1;
  recipe.qeIdentity.document.tcbEvaluationDataNumber += 1;
  change(recipe);
  const parsed = parseCollateral(platform.buildEvidence(recipe).collateral);
  if (!parsed.ok) throw new Error(parsed.error.code);
  return parsed.value;
}

/** A bar that today's machine does not reach. */
function outOfDate({ tcbInfo }: Recipe): void {
  const [top] = tcbInfo.document.tcbLevels;
  if (top !== undefined) top.tcbStatus = "OutOfDate";
}

/** Collateral of the past: not ahead of what the nodes were judged by. */
function older({ tcbInfo }: Recipe): void {
  tcbInfo.document.tcbEvaluationDataNumber -= 5;
}

async function startWatched(
  held: () => Collateral | null,
): Promise<{ harness: Harness; watch: TcbWatch; asked: string[] }> {
  const asked: string[] = [];
  const watch = createTcbWatch({
    early({ fmspc }) {
      asked.push(fmspc);
      return held();
    },
    now: () => NOW,
    rootCa,
  });
  return { harness: await startHarness({ deps: { watch } }), watch, asked };
}

function total({ accepted, refused, unknown }: ForecastSummary): number {
  return accepted + refused + unknown;
}

describe("the watch over nodes that get keys", () => {
  test.each<{ name: string; held: Collateral; expected: ForecastSummary }>([
    { name: "a bar that does not move", held: early(), expected: { accepted: 1, refused: 0, unknown: 0 } },
    { name: "a bar that rises", held: early(outOfDate), expected: { accepted: 0, refused: 1, unknown: 0 } },
    { name: "what is no forecast", held: early(older), expected: { accepted: 0, refused: 0, unknown: 1 } },
  ])("says what becomes of a node by $name, once however often it comes", async ({ held, expected }) => {
    const { harness, watch } = await startWatched(() => held);
    const peer = makePeer();
    for (let round = 0; round < 3; round += 1) {
      expect((await harness.post("/get-key", await harness.request(peer))).statusCode).toBe(200);
    }
    await until(() => total(watch.summary()) > 0);
    expect(watch.summary()).toEqual(expected);
    await harness.post("/get-key", await harness.request(makePeer()));
    await until(() => total(watch.summary()) === 2);
    await harness.app.close();
  });

  test("makes no forecast without early collateral, and none of a node that is refused", async () => {
    const { harness, watch, asked } = await startWatched(() => null);
    const body = await harness.request(makePeer());
    expect(
      (await harness.post("/get-key", { ...body, signatureB64: body.signatureB64.toLowerCase() })).statusCode,
    ).toBe(401);
    expect(asked).toEqual([]);
    await harness.post("/get-key", await harness.request(makePeer()));
    expect(asked).toHaveLength(1);
    expect(total(watch.summary())).toBe(0);
    await harness.app.close();
  });
});
