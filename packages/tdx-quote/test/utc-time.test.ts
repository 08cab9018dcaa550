import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatRfc3339Utc, MAX_UNIX_SECONDS, parseAsn1Time, parseRfc3339Utc } from "../src/utc-time.ts";

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));
const spelled = (value: number): string => String(value).padStart(2, "0");

describe("RFC 3339 times", () => {
  test.each([
    { text: "1970-01-01T00:00:00Z", seconds: 0 },
    { text: "1969-12-31T23:59:59Z", seconds: -1 },
    { text: "2000-02-29T12:34:56Z", seconds: 951827696 },
    { text: "2024-02-29T00:00:00Z", seconds: 1709164800 },
    { text: "2025-06-19T10:32:27Z", seconds: 1750329147 },
    { text: "2038-01-19T03:14:08Z", seconds: 2147483648 },
    { text: "2100-03-01T00:00:00Z", seconds: 4107542400 },
    { text: "9999-12-31T23:59:59Z", seconds: MAX_UNIX_SECONDS },
    { text: "0000-01-01T00:00:00Z", seconds: -62167219200 },
  ])("$text is $seconds, and back", ({ text, seconds }) => {
    expect(parseRfc3339Utc(text)).toBe(seconds);
    expect(formatRfc3339Utc(seconds)).toBe(text);
  });

  test.each([
    "",
    "2025-06-19T10:32:27",
    "2025-06-19T10:32:27z",
    "2025-06-19t10:32:27Z",
    "2025-06-19 10:32:27Z",
    "2025-06-19T10:32:27+00:00",
    "2025-06-19T10:32:27.0Z",
    "2025-06-19T10:32Z",
    "2025-06-19",
    "25-06-19T10:32:27Z",
    "+002025-06-19T10:32:27Z",
    " 2025-06-19T10:32:27Z",
    "2025-06-19T10:32:27Z\n",
    "2025-02-29T00:00:00Z",
    "2025-02-30T00:00:00Z",
    "2100-02-29T00:00:00Z",
    "2025-04-31T00:00:00Z",
    "2025-00-10T00:00:00Z",
    "2025-13-10T00:00:00Z",
    "2025-01-00T00:00:00Z",
    "2025-01-32T00:00:00Z",
    "2025-06-19T24:00:00Z",
    "2025-06-19T10:60:00Z",
    "2016-12-31T23:59:60Z",
    "2025-06-19T10:32:2٣Z",
  ])("'%s' is not one", (text) => {
    expect(parseRfc3339Utc(text)).toBeNull();
  });

  test.each([NaN, 0.5, MAX_UNIX_SECONDS + 1, Infinity, -62167219201])("%s cannot be written", (seconds) => {
    expect(() => formatRfc3339Utc(seconds)).toThrow(RangeError);
  });

  test("every second of the four-digit years agrees with Date", () => {
    fc.assert(
      fc.property(fc.integer({ min: -62167219200, max: MAX_UNIX_SECONDS }), (seconds) => {
        const text = `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;
        expect(formatRfc3339Utc(seconds)).toBe(text);
        expect(parseRfc3339Utc(text)).toBe(seconds);
      }),
      { numRuns: 1000 },
    );
  });

  test("every day of four centuries is read, and no day beside them", () => {
    const wrong: unknown[] = [];
    for (let year = 1900; year < 2300; year += 1) {
      for (let month = 0; month <= 13; month += 1) {
        for (const day of [0, 1, 28, 29, 30, 31, 32]) {
          const date = new Date(Date.UTC(year, month - 1, day));
          const exists =
            date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
          const read = parseRfc3339Utc(`${year}-${spelled(month)}-${spelled(day)}T00:00:00Z`);
          if (read !== (exists ? date.getTime() / 1000 : null)) wrong.push({ year, month, day, read });
        }
      }
    }
    expect(wrong).toEqual([]);
  });
});

describe("ASN.1 times", () => {
  test.each([
    { tag: 0x17, text: "180521104510Z", time: "2018-05-21T10:45:10Z" },
    { tag: 0x17, text: "491231235959Z", time: "2049-12-31T23:59:59Z" },
    { tag: 0x17, text: "500101000000Z", time: "1950-01-01T00:00:00Z" },
    { tag: 0x17, text: "000229000000Z", time: "2000-02-29T00:00:00Z" },
    { tag: 0x18, text: "20180521104510Z", time: "2018-05-21T10:45:10Z" },
    { tag: 0x18, text: "99991231235959Z", time: "9999-12-31T23:59:59Z" },
  ])("$text with tag $tag is $time", ({ tag, text, time }) => {
    expect(parseAsn1Time(tag, ascii(text))).toBe(parseRfc3339Utc(time));
  });

  test.each([
    { tag: 0x17, text: "" },
    { tag: 0x17, text: "1805211045Z" },
    { tag: 0x17, text: "180521104510" },
    { tag: 0x17, text: "180521104510+0000" },
    { tag: 0x17, text: "180230104510Z" },
    { tag: 0x17, text: "181321104510Z" },
    { tag: 0x17, text: "180521240000Z" },
    { tag: 0x17, text: "180521104510z" },
    { tag: 0x17, text: "1805211045100" },
    { tag: 0x17, text: "18052110451/Z" },
    { tag: 0x17, text: "18052110451:Z" },
    { tag: 0x17, text: "-80521104510Z" },
    { tag: 0x17, text: "180521104510Z\n" },
    { tag: 0x17, text: "20180521104510Z" },
    { tag: 0x18, text: "180521104510Z" },
    { tag: 0x18, text: "20180521104510.5Z" },
    { tag: 0x18, text: "20180521104510" },
    { tag: 0x18, text: "20180521104510Z " },
    { tag: 0x18, text: "20190229000000Z" },
    { tag: 0x16, text: "180521104510Z" },
  ])("'$text' with tag $tag is none", ({ tag, text }) => {
    expect(parseAsn1Time(tag, ascii(text))).toBeNull();
  });

  test("a content of any length is looked at in bounded time", () => {
    expect(parseAsn1Time(0x18, new Uint8Array(4 * 1024 * 1024).fill(0x30))).toBeNull();
  });
});
