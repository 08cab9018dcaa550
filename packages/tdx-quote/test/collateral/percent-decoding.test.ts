import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { percentDecodeAscii } from "../../src/collateral/percent-decoding.ts";

describe("percentDecodeAscii", () => {
  test.each([
    { text: "", decoded: "" },
    { text: "a+b", decoded: "a+b" },
    { text: "a%2Bb%2bc", decoded: "a+b+c" },
    { text: "-----BEGIN%20CERTIFICATE-----%0A", decoded: "-----BEGIN CERTIFICATE-----\n" },
    { text: "%2520", decoded: "%20" },
    { text: "plain text, not escaped", decoded: "plain text, not escaped" },
    { text: "%00%7f", decoded: "\u0000\u007f" },
  ])("reads $text", ({ text, decoded }) => {
    expect(percentDecodeAscii(text)).toBe(decoded);
  });

  test.each(["%", "a%", "%2", "%2x", "%x2", "%%20", "% 20", "%+2", "%-1", "%80", "%C3%A9", "é", "\u0100"])(
    "refuses %s",
    (text) => {
      expect(percentDecodeAscii(text)).toBeNull();
    },
  );

  test("gives back every ASCII text that encodeURIComponent escaped", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary-ascii" }), (text) => {
        expect(percentDecodeAscii(encodeURIComponent(text))).toBe(text);
      }),
    );
  });

  test("never throws", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const decoded = percentDecodeAscii(text);
        expect(decoded === null || decoded.length <= text.length).toBe(true);
      }),
    );
  });
});
