import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseCollateral } from "../src/collateral-bundle.ts";
import { parseQuote } from "../src/quote.ts";
import { createQuoteVerifier } from "../src/quote-verifier.ts";
import { flipped, v5 } from "./real-evidence.ts";
import { HAS_REAL_VECTORS } from "./real-vectors.ts";

describe.skipIf(!HAS_REAL_VECTORS)("a genuine quote with one bit flipped", () => {
  test("is refused, or says the same: what it says is signed", async () => {
    const { quote, bundle, now } = v5();
    const original = parseQuote(quote);
    const collateral = parseCollateral(JSON.stringify(bundle));
    if (!original.ok || !collateral.ok) throw new Error("vectors");
    const verifier = createQuoteVerifier();
    const flip = fc.tuple(fc.nat({ max: quote.length - 1 }), fc.nat({ max: 7 }));
    await fc.assert(
      fc.asyncProperty(flip, async ([offset, bit]) => {
        const result = await verifier.verify(flipped(quote, offset, bit), collateral.value, { now });
        expect(result.ok && offset < original.value.signedBytes.length).toBe(false);
        expect(result.ok ? result.value.quote.report : original.value.report).toEqual(original.value.report);
      }),
      { numRuns: 300 },
    );
  });
});
