import { describe, expect, test } from "vitest";

import { parseRfc3339 } from "../src/rfc3339.ts";

describe("parseRfc3339", () => {
  test.each([
    { text: "1970-01-01T00:00:00Z", seconds: 0 },
    { text: "2025-06-25T00:00:00Z", seconds: 1_750_809_600 },
    { text: "2025-06-25t00:00:00z", seconds: 1_750_809_600 },
    { text: "2025-06-25T02:00:00+02:00", seconds: 1_750_809_600 },
    { text: "2025-06-24T18:30:00-05:30", seconds: 1_750_809_600 },
    { text: "2025-06-25T00:00:00.999Z", seconds: 1_750_809_600 },
    { text: "2000-02-29T12:34:56Z", seconds: 951_827_696 },
    { text: "9999-12-31T23:59:59Z", seconds: 253_402_300_799 },
  ])("reads $text", ({ text, seconds }) => {
    expect(parseRfc3339(text)).toBe(seconds);
  });

  test.each([
    { name: "no offset", text: "2025-06-25T00:00:00" },
    { name: "a date alone", text: "2025-06-25" },
    { name: "a space instead of T", text: "2025-06-25 00:00:00Z" },
    { name: "31 February", text: "2025-02-31T00:00:00Z" },
    { name: "29 February of a common year", text: "1900-02-29T00:00:00Z" },
    { name: "day 0", text: "2025-06-00T00:00:00Z" },
    { name: "month 13", text: "2025-13-01T00:00:00Z" },
    { name: "hour 24", text: "2025-06-25T24:00:00Z" },
    { name: "a leap second", text: "2016-12-31T23:59:60Z" },
    { name: "an offset of 24 hours", text: "2025-06-25T00:00:00+24:00" },
    { name: "a time before 1970", text: "1969-12-31T23:59:59Z" },
    { name: "Unix seconds", text: "1750809600" },
    { name: "nothing", text: "" },
  ])("refuses $name", ({ text }) => {
    expect(parseRfc3339(text)).toBeNull();
  });
});
