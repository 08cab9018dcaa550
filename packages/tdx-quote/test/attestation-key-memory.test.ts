import { describe, expect, test } from "vitest";
import { createAttestationKeyMemory } from "../src/attestation-key-memory.ts";
import { parseQuote, type TdxQuote } from "../src/quote.ts";
import { pattern, writeQuote } from "./synthetic-quote.ts";

const PCK_KEY = pattern(65, 9);
/** Where the QE report's signature begins: after quote signature, attestation key, type and size, and the report. */
const AFTER_QE_REPORT = 64 + 64 + 6 + 384;
const SECTION_AT = 48 + 584 + 4;

/** A quote whose QE report has its own signature and authentication data. */
function quoteOf(signedBy: number, authenticationBytes = 32): TdxQuote {
  const bytes = writeQuote({ authentication: pattern(authenticationBytes, 5) });
  bytes.set(pattern(64, signedBy), SECTION_AT + AFTER_QE_REPORT);
  const quote = parseQuote(bytes);
  if (!quote.ok) throw new Error(quote.error.code);
  return quote.value;
}

describe("a memory of attestation keys", () => {
  test("knows what it was given, and not the same under another PCK key", () => {
    const memory = createAttestationKeyMemory(4);
    expect(memory.knows(quoteOf(1), PCK_KEY)).toBe(false);
    memory.keeping(quoteOf(1), PCK_KEY)();
    expect(memory.knows(quoteOf(1), PCK_KEY)).toBe(true);
    expect(memory.knows(quoteOf(1), pattern(65, 8))).toBe(false);
    expect(memory.knows(quoteOf(2), PCK_KEY)).toBe(false);
  });

  test("knows several platforms at once, and no more than its limit", () => {
    const memory = createAttestationKeyMemory(2);
    for (const each of [1, 2]) memory.keeping(quoteOf(each), PCK_KEY)();
    expect([1, 2].map((each) => memory.knows(quoteOf(each), PCK_KEY))).toEqual([true, true]);
    memory.keeping(quoteOf(3), PCK_KEY)();
    expect([1, 2, 3].map((each) => memory.knows(quoteOf(each), PCK_KEY))).toEqual([false, true, true]);
  });

  test.each([
    { bytes: 0, isKept: true },
    { bytes: 64, isKept: true },
    { bytes: 65, isKept: false },
    { bytes: 1000, isKept: false },
  ])("keeps authentication data of $bytes bytes: $isKept", ({ bytes, isKept }) => {
    const memory = createAttestationKeyMemory(2);
    memory.keeping(quoteOf(1, bytes), PCK_KEY)();
    expect(memory.knows(quoteOf(1, bytes), PCK_KEY)).toBe(isKept);
  });

  test.each(["qeReportSignature", "qeReportBytes", "attestationKey", "qeAuthenticationData"] as const)(
    "knows nothing with another %s",
    (part) => {
      const memory = createAttestationKeyMemory(2);
      memory.keeping(quoteOf(1), PCK_KEY)();
      const other = quoteOf(1);
      // The last byte: an entry is found by the first ones of the signature.
      const bytes = other[part];
      bytes[bytes.length - 1] = Number(bytes.at(-1)) ^ 1;
      expect(memory.knows(other, PCK_KEY)).toBe(false);
    },
  );

  test("keeps copies of what was judged: what a caller does to its quote afterwards changes nothing", () => {
    const memory = createAttestationKeyMemory(2);
    const [quote, pckKey] = [quoteOf(1), Buffer.from(PCK_KEY)];
    const parts = ["qeReportSignature", "qeReportBytes", "attestationKey", "qeAuthenticationData"] as const;
    // In Buffers, whose own way to take a part is no copy.
    const given = { ...quote, ...Object.fromEntries(parts.map((part) => [part, Buffer.from(quote[part])])) };
    const keep = memory.keeping(given, pckKey);
    for (const part of parts) given[part].fill(0);
    pckKey.fill(0);
    keep();
    expect(memory.knows(quoteOf(1), PCK_KEY)).toBe(true);
    expect(memory.knows(given, PCK_KEY)).toBe(false);
  });
});
