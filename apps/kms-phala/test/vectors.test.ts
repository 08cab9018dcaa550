import { ok } from "@mero-tee/tdx-quote/result";
import { describe, expect, test } from "vitest";
import { createEvidence } from "../src/evidence.ts";
import { makePeer, nodeQuote, startHarness } from "./harness.ts";
import { HAS_VECTORS, QUOTE_NAMES, readVector } from "./real-quotes.ts";

const peer = makePeer();

/** A real quote with other report data: nothing but its signature shows it. */
async function forged(reportData: Uint8Array): Promise<Uint8Array> {
  const quote = Buffer.from(readVector("quotes/dcap-qvl-tdx-v4.bin"));
  quote.set(reportData, 568);
  return quote;
}

describe.skipIf(!HAS_VECTORS)("a real quote of another conversation, over HTTP", () => {
  // Evidence with Intel's root, at a time when the quotes of 2025 were valid.
  const evidence = createEvidence({
    maxWaits: 64,
    sources: [
      {
        name: "vector",
        fetchCollateral: async () => ok(JSON.parse(readVector("collateral/dcap-qvl-b0c06f-2025-06.json").toString())),
      },
    ],
    now: () => 1_750_809_600,
    rootCa: null,
  });

  test.each(QUOTE_NAMES)("%s commits to no challenge of ours", async (name) => {
    const harness = await startHarness({ deps: { evidence } });
    const replayed = readVector(`quotes/${name}`);
    const answer = await harness.post("/get-key", await harness.request(peer, { quote: async () => replayed }));
    expect(answer.json()).toMatchObject({ error: "invalid_challenge" });
    expect(answer.statusCode).toBe(401);
    await harness.app.close();
  });

  test("dcap-qvl-tdx-v4.bin with our report data put in is not genuine any more", async () => {
    const harness = await startHarness({ deps: { evidence } });
    const answer = await harness.post("/get-key", await harness.request(peer, { quote: forged }));
    expect(answer.statusCode).toBe(401);
    expect(answer.json()).toMatchObject({ error: "attestation_verification_failed" });
    await harness.app.close();
  });

  test("a quote of the simulated platform is not genuine where Intel's root is trusted", async () => {
    const harness = await startHarness({ deps: { evidence } });
    const answer = await harness.post("/get-key", await harness.request(peer, { quote: nodeQuote }));
    expect(answer.json()).toMatchObject({ error: "attestation_verification_failed" });
    await harness.app.close();
  });
});
