import { ok } from "@mero-tee/tdx-quote/result";
import { createSimulatedPlatform } from "@mero-tee/tee-simulator";
import { expect, test } from "vitest";
import { makePeer, NOW, platform, startHarness } from "../harness.ts";

// As many as there are slots for key releases, and of these the ones that may not wait for collateral.
const HOSTILE_REQUESTS = 96;
const REFUSED_AT_ONCE = 32;

test("strangers who wait for collateral that does not come leave room for nodes whose collateral is at hand", async () => {
  // Anyone can put the public PCK chain of some genuine machine into a made-up quote.
  const sibling = await createSimulatedPlatform({ seed: "kms-phala", now: NOW, fmspc: "aabbccddeeff" });
  const outage = Promise.withResolvers<void>();
  const harness = await startHarness({
    async fetchCollateral({ fmspc }) {
      if (fmspc !== "aabbccddeeff") return ok(await platform.collateral());
      await outage.promise;
      return ok(await sibling.collateral());
    },
  });
  const node = makePeer();
  expect((await harness.post("/get-key", await harness.request(node))).statusCode).toBe(200);

  const stranger = makePeer();
  const madeUp = await Promise.all(
    Array.from({ length: HOSTILE_REQUESTS }, () =>
      harness.request(stranger, {
        async quote(reportData) {
          const { quote } = await sibling.issueQuote({ reportData });
          const unsigned = quote.slice();
          unsigned.fill(0, 48 + 136, 48 + 184);
          return unsigned;
        },
      }),
    ),
  );
  const honest = await harness.request(node);
  const firstRefused = Promise.withResolvers<void>();
  let refused = 0;
  const held = madeUp.map(async (body) => {
    const answer = await harness.post("/get-key", body);
    refused += 1;
    if (refused === REFUSED_AT_ONCE) firstRefused.resolve();
    return answer;
  });
  await firstRefused.promise;
  expect((await harness.post("/get-key", honest)).statusCode).toBe(200);

  outage.resolve();
  const tags = (await Promise.all(held)).map((answer) => answer.json<{ error: string }>().error);
  expect(new Set(tags)).toEqual(new Set(["attestation_verification_failed", "collateral_unavailable"]));
  await harness.app.close();
});
