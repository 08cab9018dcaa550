import { describe, expect, test } from "vitest";
import { parseEventLog } from "../src/parse-event-log.ts";
import { area, record, specIdRecord } from "./ccel-writer.ts";

const ccel = area(specIdRecord(), record());
const json = " \t\r\n[]";
const jsonBytes = new TextEncoder().encode(json);

describe("the format of a log", () => {
  test.each([
    { name: "is found for a CCEL", input: ccel, format: undefined, expected: "ccel" },
    { name: "is found for JSON bytes", input: jsonBytes, format: "auto" as const, expected: "dstack" },
    {
      name: "is found for a JSON string in bytes",
      input: new TextEncoder().encode('"[]"'),
      format: undefined,
      expected: "dstack",
    },
    {
      name: "is found for an answer in bytes",
      input: new TextEncoder().encode('{"event_log":"[]"}'),
      format: undefined,
      expected: "dstack",
    },
    { name: "is found for text", input: json, format: undefined, expected: "dstack" },
    { name: "may be said for a CCEL", input: ccel, format: "ccel" as const, expected: "ccel" },
    { name: "may be said for JSON", input: jsonBytes, format: "dstack" as const, expected: "dstack" },
  ])("$name", ({ input, format, expected }) => {
    expect(parseEventLog(input, format)).toMatchObject({ ok: true, value: { format: expected } });
  });

  test.each([
    { name: "JSON said to be a CCEL", input: jsonBytes, format: "ccel" as const },
    { name: "text said to be a CCEL", input: json, format: "ccel" as const },
    { name: "a CCEL said to be JSON", input: ccel, format: "dstack" as const },
    { name: "no bytes", input: new Uint8Array(0), format: "auto" as const },
    { name: "only whitespace", input: Uint8Array.of(0x20, 0x0a), format: "auto" as const },
    { name: "empty text", input: "", format: "auto" as const },
  ])("refuses $name", ({ input, format }) => {
    expect(parseEventLog(input, format)).toMatchObject({
      ok: false,
      error: { stage: "event-log", code: "event-log-malformed" },
    });
  });

  test("says why text is no CCEL", () => {
    expect(parseEventLog(json, "ccel")).toMatchObject({ error: { facts: { reason: "a CCEL is binary, not text" } } });
  });

  test("a register index that reads like JSON whitespace does not make a CCEL JSON", () => {
    expect(parseEventLog(area(specIdRecord({ registerIndex: 0x0a0d2009 }), record()))).toMatchObject({ ok: true });
  });
});
