import { p256 } from "@noble/curves/nist.js";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { flipBit } from "../src/byte-writer.ts";
import { derTime, formatDate } from "../src/civil-time.ts";
import { withHighS } from "../src/defects/degenerate-signature.ts";
import { derInteger } from "../src/der-writer.ts";
import { createKeyRing, createSignatureMemo, signP256 } from "../src/key-ring.ts";

const LAST_SECOND = 253_402_300_799;

describe("times", () => {
  test("are written like the platform's clock type writes them", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: LAST_SECOND }), (seconds) => {
        expect(formatDate(seconds)).toBe(new Date(seconds * 1000).toISOString().replace(".000", ""));
      }),
    );
  });

  test.each([
    { name: "a UTCTime until the end of 2049", seconds: 2_524_607_999, tag: 0x17, text: "491231235959Z" },
    { name: "a GeneralizedTime from 2050", seconds: 2_524_608_000, tag: 0x18, text: "20500101000000Z" },
    { name: "a UTCTime on a leap day", seconds: 951_782_400, tag: 0x17, text: "000229000000Z" },
  ])("are $name", ({ seconds, tag, text }) => {
    const der = Buffer.from(derTime(seconds));
    expect(der[0]).toBe(tag);
    expect(der.subarray(2).toString()).toBe(text);
  });
});

test("an INTEGER is the shortest that keeps its sign and value", () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (value) => {
      const content = Buffer.from(derInteger(value)).subarray(2);
      expect(BigInt(`0x${content.toString("hex")}`)).toBe(BigInt(value));
      const [first = 0, second = 0x80] = content;
      expect(first).toBeLessThan(0x80);
      expect(first === 0 && second < 0x80).toBe(false);
    }),
  );
});

describe("signatures", () => {
  const key = createKeyRing(new Uint8Array(32)).pair("test");
  const point = Uint8Array.of(4, ...key.publicKey);

  test("hold over their message, in the upper half of the order too, and over no other", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), (message) => {
        for (const signature of [signP256(key, message), withHighS(signP256(key, message))]) {
          expect(p256.verify(signature, message, point, { lowS: false })).toBe(true);
          expect(p256.verify(signature, flipBit(message, 0), point, { lowS: false })).toBe(false);
        }
      }),
      { numRuns: 20 },
    );
  });

  test("are the same when remembered, and after they were forgotten", () => {
    const sign = createSignatureMemo(1);
    const messages = [1, 2, 1, 1, 2].map((byte) => Uint8Array.of(byte));
    expect(messages.map((message) => sign(key, message))).toEqual(messages.map((message) => signP256(key, message)));
  });
});
