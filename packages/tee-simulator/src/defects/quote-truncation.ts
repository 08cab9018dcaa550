import { concatBytes } from "../byte-writer.ts";
import { fieldOf } from "../quote.ts";
import { HEADER_BYTES, HEADER_FIELDS, layOut, TD_REPORT_10_FIELDS, TD_REPORT_15_FIELDS } from "../quote-layout.ts";
import type { Recipe } from "../recipe.ts";
import { defineDefect, refused, type Defect, type Variant } from "./defect.ts";
import { QUOTE_LIMIT_BYTES } from "./quote-shape.ts";

const SECTION_FIELDS = [
  "sectionLength",
  "quoteSignature",
  "attestationKey",
  "outerType",
  "outerLength",
  "qeReport",
  "qeReportSignature",
  "qeAuthenticationLength",
  "qeAuthenticationData",
  "innerType",
  "innerLength",
  "certificationData",
] as const;

const headerOffsets = new Map(layOut(HEADER_FIELDS, 0).map((field) => [field.name, field.offset]));

/** Cuts one byte before a field, right before it, and one byte into it. */
function cutsAround(field: string, start?: Variant["start"]): Variant[] {
  const headerOffset = headerOffsets.get(field);
  return [-1, 0, 1]
    .filter((delta) => (headerOffset ?? HEADER_BYTES) + delta >= 0)
    .map((delta) => {
      // A cut is too short while it lies inside the header; the field after the header begins at its end.
      const isFirstAfterHeader = field === (start === undefined ? "teeTcbSvn" : "bodyType");
      const isShort = headerOffset !== undefined || (isFirstAfterHeader && delta === -1);
      return {
        name: `${start === undefined ? "version 4" : "version 5"}, ${field} ${delta === 1 ? "+ 1" : String(delta)}`,
        expected: refused("quote-parse", isShort ? "quote-too-short" : "quote-truncated"),
        ...(start === undefined ? {} : { start }),
        change: (recipe: Recipe) => {
          recipe.quote.editQuote = (quote) => quote.bytes.slice(0, fieldOf(quote, field).offset + delta);
        },
      };
    });
}

/** xorshift32: the same bytes for the same seed, of any length, in every run time. */
function pseudoRandomBytes(seed: number, length: number): Uint8Array {
  let state = seed;
  return Uint8Array.from({ length }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state & 0xff;
  });
}

const RANDOM_LENGTHS = [0, 1, 47, 48, 49, 631, 632, 636, 1226, 4096, 5006, 8000, 16_384, 32_767, QUOTE_LIMIT_BYTES];

/** Cases that feed the parser quotes cut anywhere, and no quotes at all. */
export const QUOTE_TRUNCATION_DEFECTS: readonly Defect[] = [
  defineDefect("quote-truncated-every-boundary", "cut at a field boundary, or one byte beside it", [
    ...[...HEADER_FIELDS, ...TD_REPORT_10_FIELDS].flatMap(([field]) => cutsAround(field)),
    ...SECTION_FIELDS.flatMap((field) => cutsAround(field)),
    {
      name: "version 4, end - 1",
      expected: refused("quote-parse", "quote-truncated"),
      change: (recipe) => {
        recipe.quote.editQuote = ({ bytes }) => bytes.slice(0, -1);
      },
    },
    ...["bodyType", "bodySize", "teeTcbSvn", ...TD_REPORT_15_FIELDS.map(([field]) => field), "sectionLength"].flatMap(
      (field) => cutsAround(field, { version: 5, bodyType: 3 }),
    ),
  ]),
  defineDefect("quote-random-bytes", "bytes from a fixed generator", [
    ...RANDOM_LENGTHS.map((length, index) => ({
      name: `${length} bytes`,
      expected: { ok: false, stage: "quote-parse" } as const,
      change: (recipe: Recipe) => {
        recipe.quote.editQuote = () => pseudoRandomBytes(index + 1, length);
      },
    })),
    ...RANDOM_LENGTHS.filter((length) => length > HEADER_BYTES).map((length, index) => ({
      name: `${length} bytes after a valid header`,
      expected: { ok: false, stage: "quote-parse" } as const,
      change: (recipe: Recipe) => {
        recipe.quote.editQuote = ({ bytes }) =>
          concatBytes(bytes.subarray(0, HEADER_BYTES), pseudoRandomBytes(index + 101, length - HEADER_BYTES));
      },
    })),
  ]),
];
