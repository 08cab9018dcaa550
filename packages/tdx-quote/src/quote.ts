import { failure, type Failure } from "./failure.ts";
import { readU16, readU32 } from "./little-endian.ts";
import { QUOTE_HEADER_BYTES, readQuoteHeader, type QuoteHeader } from "./quote-header.ts";
import { readQuoteSignatureSection, type QuoteSignatureSection } from "./quote-signature-section.ts";
import { err, ok, type Brand, type Result } from "./result.ts";
import { readTdReport, TD_REPORT_10_BYTES, TD_REPORT_15_BYTES, type TdReport } from "./td-report.ts";

/** Largest accepted quote, padding included. Real ones have 4 to 8 KB. */
export const QUOTE_LIMIT_BYTES = 32_768;

const BODY_DESCRIPTOR_BYTES = 6;
const SGX_ENCLAVE_BODY = 1;
const TD_REPORT_10_BODY = 2;
const TD_REPORT_15_BODY = 3;

interface QuoteFields extends QuoteSignatureSection {
  readonly version: 4 | 5;
  readonly tdVersion: "1.0" | "1.5";
  readonly header: QuoteHeader;
  readonly report: TdReport;
  /**
   * The quote from its first byte to the end of its signature section, without what follows. Not all of it is signed, and a
   * signature has two spellings: the hash of these bytes names a copy, not a quote.
   */
  readonly quoteBytes: Uint8Array;
  /** What the attestation key signs: header, body descriptor (version 5) and TD report. */
  readonly signedBytes: Uint8Array;
}

/**
 * A TDX quote that is well formed. **Not authenticated**: only `verifyQuote` says who made it.
 *
 * Only {@link parseQuote} makes one, from a copy of the caller's bytes, so fields and signed bytes agree.
 * Source: Intel TDX DCAP Quoting Library API, quote versions 4 and 5.
 */
export type TdxQuote = Brand<QuoteFields, "TdxQuote">;

interface Body {
  readonly offset: number;
  readonly size: number;
}

function truncated(offset: number, needed: number, bytes: Uint8Array): Failure {
  return failure("quote-parse", "quote-truncated", { offset, expected: needed, actual: bytes.length - offset });
}

function locateBody(bytes: Uint8Array, version: 4 | 5): Result<Body, Failure> {
  if (version === 4) return ok({ offset: QUOTE_HEADER_BYTES, size: TD_REPORT_10_BYTES });
  if (bytes.length - QUOTE_HEADER_BYTES < BODY_DESCRIPTOR_BYTES) {
    return err(truncated(QUOTE_HEADER_BYTES, BODY_DESCRIPTOR_BYTES, bytes));
  }
  const type = readU16(bytes, QUOTE_HEADER_BYTES);
  if (type === SGX_ENCLAVE_BODY) {
    return err(failure("quote-parse", "quote-not-tdx", { subject: "body type", actual: type }));
  }
  if (type !== TD_REPORT_10_BODY && type !== TD_REPORT_15_BODY) {
    return err(failure("quote-parse", "quote-body-type-unsupported", { expected: "2 or 3", actual: type }));
  }
  const expected = type === TD_REPORT_15_BODY ? TD_REPORT_15_BYTES : TD_REPORT_10_BYTES;
  const size = readU32(bytes, QUOTE_HEADER_BYTES + 2);
  if (size !== expected) {
    return err(failure("quote-parse", "quote-body-size-mismatch", { expected, actual: size }));
  }
  return ok({ offset: QUOTE_HEADER_BYTES + BODY_DESCRIPTOR_BYTES, size });
}

/**
 * Parses a TDX quote of version 4 or 5. Bytes after the signature section are not signed: they are dropped, and count
 * only against {@link QUOTE_LIMIT_BYTES}.
 *
 * @param input - copied on entry; the caller may reuse the buffer
 * Errors: all at stage `quote-parse`.
 * Source: Intel TDX DCAP Quoting Library API, quote versions 4 and 5.
 */
export function parseQuote(input: Uint8Array): Result<TdxQuote, Failure> {
  if (input.length > QUOTE_LIMIT_BYTES) {
    return err(failure("quote-parse", "quote-too-large", { expected: QUOTE_LIMIT_BYTES, actual: input.length }));
  }
  if (input.length < QUOTE_HEADER_BYTES) {
    return err(failure("quote-parse", "quote-too-short", { expected: QUOTE_HEADER_BYTES, actual: input.length }));
  }
  const bytes = new Uint8Array(input);
  const head = readQuoteHeader(bytes);
  if (!head.ok) return head;
  const body = locateBody(bytes, head.value.version);
  if (!body.ok) return body;
  const { offset, size } = body.value;
  if (bytes.length - offset < size) return err(truncated(offset, size, bytes));
  const signedEnd = offset + size;
  if (bytes.length - signedEnd < 4) return err(truncated(signedEnd, 4, bytes));
  const sectionOffset = signedEnd + 4;
  const sectionSize = readU32(bytes, signedEnd);
  if (sectionSize > bytes.length - sectionOffset) return err(truncated(sectionOffset, sectionSize, bytes));
  const sectionEnd = sectionOffset + sectionSize;
  const section = readQuoteSignatureSection(bytes.subarray(sectionOffset, sectionEnd));
  if (!section.ok) return section;
  const fields: QuoteFields = {
    ...head.value,
    tdVersion: size === TD_REPORT_15_BYTES ? "1.5" : "1.0",
    report: readTdReport(bytes.subarray(offset, signedEnd)),
    quoteBytes: bytes.subarray(0, sectionEnd),
    signedBytes: bytes.subarray(0, signedEnd),
    ...section.value,
  };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the brand says that this parser ran
  return ok(Object.freeze(fields) as TdxQuote);
}

/** A quote as people and programs read it: everything in lower-case hex but the first three fields. */
export interface QuoteView extends TdReport {
  readonly version: 4 | 5;
  readonly teeType: "tdx";
  readonly tdVersion: "1.0" | "1.5";
  readonly qeVendorId: string;
}

/** Shows a quote; the values are authenticated only if the quote was verified. */
export function describeQuote(quote: TdxQuote): QuoteView {
  return {
    version: quote.version,
    teeType: "tdx",
    tdVersion: quote.tdVersion,
    qeVendorId: quote.header.qeVendorIdHex,
    ...quote.report,
  };
}
