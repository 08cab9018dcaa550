import { REPORT_DATA_BYTES } from "./report-data.ts";

/** ASCII head of a mock quote, 17 bytes. */
const MOCK_HEADER = new TextEncoder().encode("MOCK_TDX_QUOTE_V1");

/** Length of a whole mock quote, in bytes: header, report data, zeros. */
export const MOCK_QUOTE_BYTES = 256;

/**
 * Whether bytes claim to be a mock quote: a development stand-in that proves nothing. The head alone decides, so that
 * nothing which begins so is ever judged as a quote.
 *
 * Source: docs/protocol.md.
 */
export function isMockQuote(bytes: Uint8Array): boolean {
  return MOCK_HEADER.every((byte, index) => bytes[index] === byte);
}

/**
 * Makes a mock quote of 256 bytes.
 *
 * @param reportData - 64 bytes; other lengths are a programming error (RangeError)
 * Source: docs/protocol.md.
 */
export function makeMockQuote(reportData: Uint8Array): Uint8Array<ArrayBuffer> {
  if (reportData.length !== REPORT_DATA_BYTES) throw new RangeError("report data has 64 bytes");
  const quote = new Uint8Array(MOCK_QUOTE_BYTES);
  quote.set(MOCK_HEADER);
  quote.set(reportData, MOCK_HEADER.length);
  return quote;
}

/**
 * The report data of a mock quote, 64 bytes, or null if the bytes are no mock quote or end before it does. What follows
 * is not looked at.
 *
 * Source: docs/protocol.md.
 */
export function mockReportData(bytes: Uint8Array): Uint8Array<ArrayBuffer> | null {
  const end = MOCK_HEADER.length + REPORT_DATA_BYTES;
  if (!isMockQuote(bytes) || bytes.length < end) return null;
  return new Uint8Array(bytes.subarray(MOCK_HEADER.length, end));
}
