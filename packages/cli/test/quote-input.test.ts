import { describe, expect, test } from "vitest";

import { recogniseQuote } from "../src/quote-input.ts";

/** A header of a version 4 TDX quote and some bytes: enough for the recogniser, which parses no quote. */
const QUOTE = new Uint8Array([0x04, 0x00, 0x02, 0x00, 0x81, 0, 0, 0, ...Array.from({ length: 64 }, (_, i) => 255 - i)]);
const OTHER = QUOTE.with(70, 0);
const HEX = Buffer.from(QUOTE).toString("hex");
const BASE64 = Buffer.from(QUOTE).toString("base64");
const OTHER_HEX = Buffer.from(OTHER).toString("hex");

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

describe("a quote is found", () => {
  test.each([
    { name: "in raw bytes", content: QUOTE },
    { name: "in hex", content: bytesOf(HEX) },
    { name: "in upper-case hex with 0x", content: bytesOf(`0x${HEX.toUpperCase()}`) },
    { name: "in hex over several lines", content: bytesOf(`${HEX.slice(0, 20)}\n${HEX.slice(20)}\n`) },
    { name: "in base64", content: bytesOf(`${BASE64}\n`) },
    { name: "in wrapped base64 with CRLF", content: bytesOf(`${BASE64.slice(0, 76)}\r\n${BASE64.slice(76)}\r\n`) },
    { name: "under quoteB64", content: bytesOf(JSON.stringify({ quoteB64: BASE64, reportDataHex: "00" })) },
    { name: "under quote_b64", content: bytesOf(JSON.stringify({ quote_b64: BASE64 })) },
    { name: "under quote as hex", content: bytesOf(JSON.stringify({ quote: HEX, event_log: "[]" })) },
    { name: "under quote as hex with 0x", content: bytesOf(JSON.stringify({ quote: `0x${HEX}` })) },
    { name: "under quote as base64", content: bytesOf(JSON.stringify({ quote: BASE64 })) },
    { name: "nested under data", content: bytesOf(` ${JSON.stringify({ data: { quoteB64: BASE64 } })}`) },
    {
      name: "beside a parsed view that is also called quote",
      content: bytesOf(JSON.stringify({ data: { quoteB64: BASE64, quote: { header: {}, body: {} } } })),
    },
    { name: "twice, if it is the same", content: bytesOf(JSON.stringify({ quote: HEX, data: { quoteB64: BASE64 } })) },
  ])("$name", ({ content }) => {
    const found = recogniseQuote(content);
    expect(found.ok && Buffer.from(found.value).toString("hex")).toBe(HEX);
  });
});

describe("bytes with a quote's header decide between hex and base64", () => {
  test("text that is both is base64 where only that reading has a version below 256", () => {
    // "BAAC" is four hex digits (ba ac) and the base64 of 04 00 02.
    const found = recogniseQuote(bytesOf("BAAC"));
    expect(found.ok && [...found.value]).toEqual([0x04, 0x00, 0x02]);
  });

  test("text that is both is hex where that reading has such a version", () => {
    const found = recogniseQuote(bytesOf("04000200"));
    expect(found.ok && [...found.value]).toEqual([0x04, 0x00, 0x02, 0x00]);
  });
});

test.each([
  { name: "an empty file", content: new Uint8Array(0), length: 0 },
  { name: "white space", content: bytesOf(" \n"), length: 0 },
  { name: "a single raw byte", content: new Uint8Array([4]), length: 1 },
  { name: "raw bytes of an unknown version", content: new Uint8Array([0xff, 0xff, 0x00]), length: 3 },
])("$name is left to the quote parser, whose code says best what is wrong", ({ content, length }) => {
  const found = recogniseQuote(content);
  expect(found.ok && found.value.length).toBe(length);
});

describe("nothing is guessed", () => {
  test.each([
    { name: "prose", content: "this is not a quote" },
    { name: "hex of odd length", content: HEX.slice(1) },
    { name: "base64url", content: Buffer.from(new Uint8Array(64).fill(0xff)).toString("base64url") },
    { name: "base64 without its padding", content: BASE64.replace(/=+$/, "").slice(0, -1) },
    { name: "a JSON document without a quote", content: '{"data":{"nonce":"00"}}' },
    { name: "a JSON document whose quote is a number", content: '{"quote":4}' },
    { name: "a JSON document cut short", content: '{"quote":"0400' },
    { name: "a JSON document with the key twice", content: `{"quote":"${HEX}","quote":"${OTHER_HEX}"}` },
    { name: "a JSON document with two different quotes", content: `{"quote":"${HEX}","quoteB64":"${OTHER_HEX}"}` },
    { name: "a JSON document with a broken second quote", content: `{"quote":"${HEX}","quoteB64":"*"}` },
    { name: "a quote two levels down", content: `{"data":{"data":{"quote":"${HEX}"}}}` },
  ])("$name is refused", ({ content }) => {
    expect(recogniseQuote(bytesOf(content))).toMatchObject({ ok: false, error: { code: "input-unrecognised" } });
  });
});
