import { flipBit } from "../byte-writer.ts";
import { fieldOf } from "../quote.ts";
import { TD_REPORT_10_FIELDS, TD_REPORT_15_FIELDS } from "../quote-layout.ts";
import { accepted, defineDefect, defineSingle, refused, type Defect, type Variant } from "./defect.ts";
import { smallSignature, withExcessS, withHighS, withOrderR, withOrderS } from "./degenerate-signature.ts";

const INVALID = refused("quote-signature", "quote-signature-invalid");

function signature(name: string, edit: (signature: Uint8Array) => Uint8Array): Variant {
  return {
    name,
    expected: INVALID,
    change: ({ quote }) => {
      quote.editSignature = edit;
    },
  };
}

function flippedField(field: string, start?: Variant["start"]): Variant {
  return {
    name: `one bit of ${field}`,
    expected: INVALID,
    ...(start === undefined ? {} : { start }),
    change: ({ quote }) => {
      quote.editQuote = (built) => flipBit(built.bytes, fieldOf(built, field).offset);
    },
  };
}

/** Cases about the signature of the quote itself. */
export const QUOTE_SIGNATURE_DEFECTS: readonly Defect[] = [
  defineDefect("quote-signature-invalid", "one change that the signature does not cover", [
    signature("one bit of r", (raw) => flipBit(raw, 31)),
    signature("one bit of s", (raw) => flipBit(raw, 63)),
    ...["reserved", "userData", ...TD_REPORT_10_FIELDS.map(([field]) => field)].map((field) => flippedField(field)),
    ...TD_REPORT_15_FIELDS.map(([field]) => flippedField(field, { version: 5, bodyType: 3 })),
  ]),
  defineDefect("quote-signature-degenerate", "numbers that no signature has", [
    signature("r = s = 0", () => new Uint8Array(64)),
    signature("r = s = 1", () => smallSignature(1)),
    signature("r = n", withOrderR),
    signature("s = n", withOrderS),
    signature("s above n", withExcessS),
  ]),
  defineSingle("quote-signature-high-s", "s in its upper half", accepted(), ({ quote }) => {
    quote.editSignature = withHighS;
  }),
  defineSingle("quote-replaced-measurement", "RTMR3 replaced, nothing signed again", INVALID, ({ quote }) => {
    quote.editQuote = (built) => {
      const bytes = new Uint8Array(built.bytes);
      bytes.set(new Uint8Array(48).fill(0x42), fieldOf(built, "rtmr3").offset);
      return bytes;
    };
  }),
];
