import { describe, expect, test } from "vitest";
import { parseQuote } from "../src/quote.ts";
import { judgeTdAttributes, xfamWarnings, type AttributeOptions } from "../src/td-attributes.ts";
import type { TdReport } from "../src/td-report.ts";
import { writeQuote } from "./synthetic-quote.ts";

interface ReportOptions {
  /** Bits of TDATTRIBUTES besides SEPT_VE_DISABLE. */
  readonly bits?: readonly number[];
  readonly septVeDisable?: boolean;
  readonly xfam?: bigint;
  readonly serviceTd?: number;
}

function reportOf({ bits = [], septVeDisable = true, xfam = 0x602e7n, serviceTd = 0 }: ReportOptions): TdReport {
  const report = new Uint8Array(648);
  for (const bit of septVeDisable ? [28, ...bits] : bits) {
    const index = 120 + Math.floor(bit / 8);
    report[index] = (report[index] ?? 0) + 2 ** (bit % 8);
  }
  new DataView(report.buffer).setBigUint64(128, xfam, true);
  report[647] = serviceTd;
  const quote = parseQuote(writeQuote({ version: 5, report }));
  if (!quote.ok) throw new Error(quote.error.code);
  return quote.value.report;
}

function codeOf(report: ReportOptions, options: AttributeOptions = {}): string {
  const result = judgeTdAttributes(reportOf(report), options);
  return result.ok ? "ok" : `${result.error.stage}/${result.error.code}`;
}

const RESERVED_BITS = Array.from({ length: 64 }, (_, bit) => bit).filter((bit) => ![0, 28, 30, 31, 63].includes(bit));

describe("TD attributes", () => {
  test.each([
    { name: "only SEPT_VE_DISABLE", bits: [] },
    { name: "PKS", bits: [30] },
    { name: "KL", bits: [31] },
    { name: "PERFMON", bits: [63] },
  ])("with $name are accepted", ({ bits }) => {
    expect(codeOf({ bits })).toBe("ok");
  });

  test.each(RESERVED_BITS)("with reserved bit %d are refused, also when debug is allowed", (bit) => {
    expect(codeOf({ bits: [bit] })).toBe("td-attributes/td-attributes-reserved");
    expect(codeOf({ bits: [bit] }, { allowDebug: true })).toBe("td-attributes/td-attributes-reserved");
  });

  test("name the lowest reserved bit", () => {
    const result = judgeTdAttributes(reportOf({ bits: [62, 29] }), {});
    expect(result).toMatchObject({ ok: false, error: { facts: { subject: "bit 29" } } });
  });

  test.each([
    { report: { bits: [0] }, code: "td-debug-enabled", actual: "0100001000000000" },
    { report: { septVeDisable: false }, code: "td-sept-ve-disable-clear", actual: "0000000000000000" },
    { report: { serviceTd: 1 }, code: "td-service-td-present", actual: `${"00".repeat(47)}01` },
  ])("that are refused with $code are named", ({ report, code, actual }) => {
    expect(judgeTdAttributes(reportOf(report), {})).toMatchObject({ error: { code, facts: { actual } } });
  });

  test("with DEBUG are refused unless debug is allowed", () => {
    expect(codeOf({ bits: [0] })).toBe("td-attributes/td-debug-enabled");
    expect(codeOf({ bits: [0] }, { allowDebug: false })).toBe("td-attributes/td-debug-enabled");
    expect(codeOf({ bits: [0] }, { allowDebug: true })).toBe("ok");
  });

  test("without SEPT_VE_DISABLE are refused, also for a debug TD", () => {
    expect(codeOf({ septVeDisable: false })).toBe("td-attributes/td-sept-ve-disable-clear");
    expect(codeOf({ bits: [0], septVeDisable: false }, { allowDebug: true })).toBe(
      "td-attributes/td-sept-ve-disable-clear",
    );
  });

  test("are judged reserved first, then debug, then SEPT_VE_DISABLE, then service TDs", () => {
    expect(codeOf({ bits: [0, 1], septVeDisable: false, serviceTd: 1 })).toMatch("td-attributes-reserved");
    expect(codeOf({ bits: [0], septVeDisable: false, serviceTd: 1 })).toMatch("td-debug-enabled");
    expect(codeOf({ septVeDisable: false, serviceTd: 1 })).toMatch("td-sept-ve-disable-clear");
    expect(codeOf({ serviceTd: 1 })).toBe("td-attributes/td-service-td-present");
  });

  test("accept a service TD only when that is allowed", () => {
    expect(codeOf({ serviceTd: 1 }, { allowServiceTd: true })).toBe("ok");
    expect(codeOf({ serviceTd: 1 }, { allowDebug: true })).toBe("td-attributes/td-service-td-present");
  });
});

describe("XFAM", () => {
  test.each([
    { xfam: 0x602e7n, warnings: [] },
    { xfam: 0x6dbe7n, warnings: [] },
    { xfam: 0x3n, warnings: [] },
    { xfam: 0x1n, warnings: ["xfam-fixed-bits-clear"] },
    { xfam: 0x2n, warnings: ["xfam-fixed-bits-clear"] },
    { xfam: 0xbn, warnings: ["xfam-unknown-bits"] },
    { xfam: 1n << 63n, warnings: ["xfam-fixed-bits-clear", "xfam-unknown-bits"] },
  ])("$xfam warns of $warnings", ({ xfam, warnings }) => {
    expect(xfamWarnings(reportOf({ xfam }))).toEqual(warnings);
  });
});
