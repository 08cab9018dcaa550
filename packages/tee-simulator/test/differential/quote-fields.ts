/** Where things stand in a quote, read with nothing but the layout of Intel's Quoting Library API, appendix A.3. */
export interface QuoteFields {
  readonly version: number;
  readonly vendorHex: string;
  /** Version 5 only. */
  readonly bodyType: number;
  readonly bodySize: number;
  readonly teeTcbSvn: readonly number[];
  readonly mrSignerSeamHex: string;
  readonly seamAttributesHex: string;
  /** Bytes, bit n is bit n % 8 of byte n / 8. */
  readonly tdAttributes: Uint8Array;
  readonly registers: Readonly<Record<"mrtd" | "rtmr0" | "rtmr1" | "rtmr2" | "rtmr3" | "reportData", string>>;
  /** TD report 1.5 only. */
  readonly teeTcbSvn2: readonly number[] | null;
  /** Bytes of the signature section, by its own length field. */
  readonly section: Uint8Array;
  readonly outerType: number;
  readonly outerSize: number;
  readonly qeReport: Uint8Array;
  readonly attestationKey: Uint8Array;
  readonly qeAuthenticationData: Uint8Array;
  readonly innerType: number;
  readonly innerSize: number;
  readonly certificationData: Uint8Array;
}

const HEADER = 48;
const TD_REPORT_10 = 584;
const TD_REPORT_15 = 648;

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

/** Reads the fields, following whatever the lengths say; null where a field is not there at all. */
export function readQuoteFields(quote: Uint8Array): QuoteFields | null {
  try {
    return fieldsOf(Buffer.from(quote));
  } catch (thrown) {
    // Buffer refuses to read outside of itself: the quote is too short for its own lengths.
    if (thrown instanceof RangeError) return null;
    throw thrown;
  }
}

function fieldsOf(quote: Buffer): QuoteFields {
  const version = quote.readUInt16LE(0);
  const bodyType = version === 5 ? quote.readUInt16LE(HEADER) : 2;
  const bodySize = version === 5 ? quote.readUInt32LE(HEADER + 2) : TD_REPORT_10;
  const start = version === 5 ? HEADER + 6 : HEADER;
  const end = start + (bodyType === 3 ? TD_REPORT_15 : TD_REPORT_10);
  const field = (offset: number, size: number): Buffer => quote.subarray(start + offset, start + offset + size);
  const section = quote.subarray(end + 4, end + 4 + quote.readUInt32LE(end));
  const authenticationSize = section.readUInt16LE(134 + 448);
  const inner = 134 + 450 + authenticationSize;
  return {
    version,
    vendorHex: hex(quote.subarray(12, 28)),
    bodyType,
    bodySize,
    teeTcbSvn: [...field(0, 16)],
    mrSignerSeamHex: hex(field(64, 48)),
    seamAttributesHex: hex(field(112, 8)),
    tdAttributes: field(120, 8),
    registers: {
      mrtd: hex(field(136, 48)),
      rtmr0: hex(field(328, 48)),
      rtmr1: hex(field(376, 48)),
      rtmr2: hex(field(424, 48)),
      rtmr3: hex(field(472, 48)),
      reportData: hex(field(520, 64)),
    },
    teeTcbSvn2: bodyType === 3 ? [...field(584, 16)] : null,
    section,
    outerType: section.readUInt16LE(128),
    outerSize: section.readUInt32LE(130),
    attestationKey: section.subarray(64, 128),
    qeReport: section.subarray(134, 134 + 384),
    qeAuthenticationData: section.subarray(134 + 450, inner),
    innerType: section.readUInt16LE(inner),
    innerSize: section.readUInt32LE(inner + 2),
    certificationData: section.subarray(inner + 6),
  };
}
