import * as fc from "fast-check";
import { expect, test } from "vitest";
import { parseCollateral } from "../src/collateral-bundle.ts";
import { parseQeIdentity } from "../src/qe-identity.ts";
import { parseTcbInfo } from "../src/tcb-info.ts";
import { HAS_REAL_VECTORS, readVectorText } from "./real-vectors.ts";
import { qeIdentityDocument, tcbInfoDocument } from "./signed-documents.ts";

const bundle = HAS_REAL_VECTORS
  ? readVectorText("collateral/dcap-qvl-b0c06f-2025-06.json")
  : JSON.stringify({ tcb_info: JSON.stringify(tcbInfoDocument()) });

/** A text with pieces replaced. */
function edited(text: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const edit = fc.tuple(fc.nat({ max: 20_000 }), fc.nat({ max: 6 }), fc.string({ maxLength: 6 }));
  return fc.tuple(text, fc.array(edit, { minLength: 1, maxLength: 4 })).map(([start, edits]) => {
    let result = start;
    for (const [position, removed, inserted] of edits) {
      const at = position % (result.length + 1);
      result = result.slice(0, at) + inserted + result.slice(at + removed);
    }
    return result;
  });
}

test("any edit of a bundle gives a bundle or a refusal of stage collateral-parse", () => {
  fc.assert(
    fc.property(edited(fc.constant(bundle)), (text) => {
      const result = parseCollateral(text);
      expect(result.ok ? "collateral-parse" : result.error.stage).toBe("collateral-parse");
    }),
    { numRuns: 150 },
  );
});

test("any JSON value, and any bytes, give a bundle or a refusal", () => {
  fc.assert(
    fc.property(fc.oneof(fc.json(), fc.uint8Array({ maxLength: 2000 })), (input) => {
      expect(parseCollateral(input)).toMatchObject({ ok: false, error: { code: "collateral-malformed" } });
    }),
  );
});

test("any edit of a signed document gives a document or a refusal", () => {
  const tcbInfo = fc.constant(JSON.stringify(tcbInfoDocument()));
  const qeIdentity = fc.constant(JSON.stringify(qeIdentityDocument()));
  fc.assert(
    fc.property(edited(tcbInfo), edited(qeIdentity), (tcbInfoText, qeIdentityText) => {
      const results = [parseTcbInfo(tcbInfoText), parseQeIdentity(qeIdentityText)];
      for (const result of results) expect(result.ok || result.error.stage).toBeOneOf([true, "collateral-parse"]);
    }),
    { numRuns: 500 },
  );
});
