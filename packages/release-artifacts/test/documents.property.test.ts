import { assert, constantFrom, json, nat, property, string, uint8Array } from "fast-check";
import { expect, test } from "vitest";

import { DOCUMENT_SHAPES, documentText, parseDocument } from "../src/index.ts";
import { vectorText } from "./release-vectors.ts";

const KINDS = Object.values(DOCUMENT_SHAPES);

test("no shape throws, whatever JSON it is given", () => {
  assert(
    property(constantFrom(...KINDS), json({ maxDepth: 6 }), (shape, content) => {
      const result = parseDocument<object>("x.json", content, shape);
      expect(result.ok || result.error.length > 0).toBe(true);
    }),
    { numRuns: 500 },
  );
});

test("no shape throws, whatever bytes it is given", () => {
  assert(
    property(constantFrom(...KINDS), uint8Array({ maxLength: 300 }), (shape, bytes) => {
      expect(parseDocument<object>("x.json", bytes, shape).ok).toBe(false);
    }),
  );
});

const FILES = ["kms-phala-compatibility-map.json", "published-mrtds.json", "kms-phala-release-manifest.json"] as const;
const SHAPES = {
  "kms-phala-compatibility-map.json": DOCUMENT_SHAPES.compatibilityMap,
  "published-mrtds.json": DOCUMENT_SHAPES.publishedMrtds,
  "kms-phala-release-manifest.json": DOCUMENT_SHAPES.kmsReleaseManifest,
};

test("what is read of a changed document, is read again from what is written", () => {
  assert(
    property(constantFrom(...FILES), nat(), string({ maxLength: 3 }), (file, at, patch) => {
      const content = vectorText(file);
      const cut = at % content.length;
      const changed = content.slice(0, cut) + patch + content.slice(cut + patch.length);
      const first = parseDocument<object>(file, changed, SHAPES[file]);
      if (!first.ok) return;
      const written = documentText(first.value.value);
      expect(parseDocument<object>(file, written, SHAPES[file])).toEqual({
        ok: true,
        value: { value: first.value.value, respelled: [] },
      });
    }),
    { numRuns: 300 },
  );
});
