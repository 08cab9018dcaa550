import { BOTH, type Laxity } from "./laxity.ts";

const INTEL_QE_VENDOR = "939a7233f79c4ca9940a0db3957f0607";
const QUOTE_LIMIT = 32_768;
const SECTION_FIXED = 134;
const INNER_FIXED = 456;

/** What the others let pass in a quote, and in the question itself. */
export const QUOTE_LAXITIES: readonly Laxity[] = [
  {
    id: "quote-size-unbounded",
    peers: BOTH,
    stage: "quote-parse",
    codes: ["quote-too-large"],
    says: "A quote has at most 32 KiB, padding included; the other reads any length",
    source: "strict: bounded input",
    applies: ({ quoteLength }) => quoteLength > QUOTE_LIMIT,
  },
  {
    id: "qe-vendor-unread",
    peers: BOTH,
    stage: "quote-parse",
    codes: ["quote-qe-vendor-unknown"],
    says: "The QE vendor ID is Intel's; the other does not compare it",
    source: "Quoting API, A.3",
    applies: ({ quote }) => quote !== null && quote.vendorHex !== INTEL_QE_VENDOR,
  },
  {
    id: "body-size-unread",
    peers: ["js"],
    stage: "quote-parse",
    codes: ["quote-body-size-mismatch"],
    says: "The body size of a version 5 quote is that of its type; the other does not compare it",
    source: "Quoting API, A.3",
    applies: ({ quote }) => quote?.version === 5 && quote.bodySize !== (quote.bodyType === 3 ? 648 : 584),
  },
  {
    id: "outer-type-unread",
    peers: BOTH,
    stage: "quote-parse",
    codes: ["quote-certification-data-unsupported"],
    says: "The outer certification data is of type 6; the other does not look at the type",
    source: "Quoting API, A.3",
    applies: ({ quote }) => quote !== null && quote.outerType !== 6,
  },
  {
    id: "section-not-filled",
    peers: BOTH,
    stage: "quote-parse",
    codes: ["quote-length-mismatch"],
    says: "The parts of the signature section fill it exactly; the other leaves bytes over",
    source: "Quoting API, A.3",
    applies: ({ quote }) =>
      quote !== null &&
      (quote.outerSize < quote.section.length - SECTION_FIXED ||
        quote.innerSize < quote.section.length - SECTION_FIXED - INNER_FIXED - quote.qeAuthenticationData.length),
  },
  {
    id: "qe-report-tail-unread",
    peers: BOTH,
    stage: "qe-report",
    codes: ["qe-report-data-mismatch"],
    says: "The second half of the QE report data is zero; the other compares the first half only",
    source: "strict: so in every known quote",
    applies: ({ quote }) => quote !== null && quote.qeReport.subarray(352).some((byte) => byte !== 0),
  },
  {
    id: "qe-authentication-data-cut",
    peers: ["js"],
    stage: "qe-report",
    codes: ["qe-report-data-mismatch"],
    says: "The QE authentication data counts in its whole length; the other hashes 32 bytes of it",
    source: "Quoting API, A.3",
    applies: ({ quote }) => quote !== null && quote.qeAuthenticationData.length > 32,
  },
  {
    id: "td-attribute-39-unread",
    peers: ["wasm"],
    stage: "td-attributes",
    codes: ["td-attributes-reserved"],
    says: "Every reserved TD attribute is zero; the other passes over bit 39",
    source: "TDX module, TDATTRIBUTES",
    applies: ({ quote }) => quote !== null && quote.tdAttributes[4] === 0x80,
  },
  {
    id: "instant-unread",
    peers: ["js"],
    stage: "quote-parse",
    codes: [],
    says: "The instant of judgement is a whole second of a four-digit year; the other judges NaN and fractions",
    source: "strict: no comparison with NaN",
    applies: ({ now }) => !Number.isInteger(now),
  },
];
