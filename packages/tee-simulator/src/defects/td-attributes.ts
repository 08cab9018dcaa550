import { accepted, defineDefect, defineSingle, refused, type Defect } from "./defect.ts";
import type { Recipe } from "../recipe.ts";

function setAttribute(recipe: Recipe, bit: number, value: 0 | 1): void {
  const { tdAttributes } = recipe.quote.report;
  const changed = tdAttributes.slice();
  const byte = Math.floor(bit / 8);
  const mask = 1 << (bit % 8);
  changed[byte] = value === 1 ? (changed[byte] ?? 0) | mask : (changed[byte] ?? 0) & ~mask;
  recipe.quote.report.tdAttributes = changed;
}

/** Bits 1 to 27, 29 and 32 to 62 of TDATTRIBUTES. */
const RESERVED_BITS = [...range(1, 27), 29, ...range(32, 62)];

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

/** Cases about TDATTRIBUTES, the service TD and the expected report data. */
export const TD_ATTRIBUTE_DEFECTS: readonly Defect[] = [
  defineSingle("td-debug", "TDATTRIBUTES.DEBUG is set", refused("td-attributes", "td-debug-enabled"), (recipe) =>
    setAttribute(recipe, 0, 1),
  ),
  defineSingle("td-debug-allowed", "DEBUG is set and the caller allows it", accepted(), (recipe) => {
    setAttribute(recipe, 0, 1);
    recipe.judgement.allowDebug = true;
  }),
  defineSingle(
    "td-debug-reserved-allowed",
    "bit 1 of the debug group is set and the caller allows DEBUG",
    refused("td-attributes", "td-attributes-reserved"),
    (recipe) => {
      setAttribute(recipe, 1, 1);
      recipe.judgement.allowDebug = true;
    },
  ),
  defineDefect(
    "td-reserved-each-bit",
    "one reserved bit of TDATTRIBUTES is set",
    RESERVED_BITS.map((bit) => ({
      name: `bit ${bit}`,
      expected: refused("td-attributes", "td-attributes-reserved"),
      change: (recipe) => setAttribute(recipe, bit, 1),
    })),
  ),
  defineSingle(
    "td-sept-ve-clear",
    "SEPT_VE_DISABLE is clear",
    refused("td-attributes", "td-sept-ve-disable-clear"),
    (recipe) => setAttribute(recipe, 28, 0),
  ),
  defineSingle("td-pks", "PKS is set", accepted(), (recipe) => setAttribute(recipe, 30, 1)),
  defineSingle("td-kl", "key locker is set", accepted(), (recipe) => setAttribute(recipe, 31, 1)),
  defineSingle("td-perfmon", "PERFMON is set", accepted(), (recipe) => setAttribute(recipe, 63, 1)),
  defineDefect("td-service-td", "MRSERVICETD is not zero", [
    {
      name: "by default",
      expected: refused("td-attributes", "td-service-td-present"),
      start: { version: 5, bodyType: 3 },
      change: (recipe) => {
        recipe.quote.report.mrServiceTd = new Uint8Array(48).fill(0x5a);
      },
    },
    {
      name: "the caller allows a service TD",
      expected: accepted(),
      start: { version: 5, bodyType: 3 },
      change: (recipe) => {
        recipe.quote.report.mrServiceTd = new Uint8Array(48).fill(0x5a);
        recipe.judgement.allowServiceTd = true;
      },
    },
  ]),
  defineSingle(
    "report-data-mismatch",
    "the last byte of the report data differs from the expected one",
    refused("report-data", "report-data-mismatch"),
    (recipe) => {
      const { reportData } = recipe.quote.report;
      recipe.quote.report.reportData = Uint8Array.from(reportData, (byte, index) => (index === 63 ? byte ^ 1 : byte));
    },
  ),
];
