import type { CollateralBundle } from "@mero-tee/tdx-quote";
import { ok } from "@mero-tee/tdx-quote/result";
import { type Defect, DEFECTS } from "@mero-tee/tee-simulator";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createEvidence, type Evidence } from "../../src/evidence.ts";
import { type Harness, makePeer, NOW, platform, startHarness } from "../harness.ts";

const peer = makePeer();
let harness: Harness;
let evidence: Evidence;
let collateral: CollateralBundle;

beforeAll(async () => {
  harness = await startHarness({
    deps: {
      evidence: {
        platformOf: (quote) => evidence.platformOf(quote),
        collateralFor: (wanted) => evidence.collateralFor(wanted),
        verify: (quote, held) => evidence.verify(quote, held),
      },
    },
  });
});

afterAll(async () => {
  await harness.app.close();
});

/** Asks for a key with a quote of one case, before a service that has seen nothing yet and gets that case's collateral. */
async function answerTo(id: string, variant: number) {
  evidence = createEvidence({
    maxWaits: 64,
    sources: [{ name: "catalogue", fetchCollateral: () => Promise.resolve(ok(collateral)) }],
    now: () => NOW,
    rootCa: new Uint8Array(platform.rootCa),
  });
  const request = await harness.request(peer, {
    async quote(reportData) {
      const { quote } = await platform.issueQuote({ reportData, defect: id, variant });
      // Some defects only show in the text.
      collateral = JSON.parse(await platform.collateralText({ forQuote: quote }));
      return quote;
    },
  });
  return harness.post("/get-key", request);
}

// These cases are about other verifiers: another root, another instant, the text of a bundle, or an option of the caller.
const ELSEWHERE = /^(?:cross-root|now-|collateral-(?:key|tcb|proto|deep|huge)|td-\w+-allowed$)/;
const REFUSED = DEFECTS.filter(({ subject, id }) => subject === "quote" && !ELSEWHERE.test(id)).flatMap((defect) =>
  firstRefused(defect),
);

function firstRefused({ id, expected, variantNames }: Defect) {
  const variant = expected.findIndex((outcome) => !outcome.ok);
  return variant < 0 ? [] : [{ id, variant, name: variantNames[variant] ?? "" }];
}

describe("no evidence with a defect earns a key", () => {
  test.each(REFUSED)("$id: $name", async ({ id, variant }) => {
    const answer = await answerTo(id, variant);
    expect([401, 503]).toContain(answer.statusCode);
    expect(answer.json()).toHaveProperty("error");
  });

  test("flawless evidence does", async () => {
    expect((await answerTo("quote-trailing-junk", 0)).statusCode).toBe(200);
  });
});
