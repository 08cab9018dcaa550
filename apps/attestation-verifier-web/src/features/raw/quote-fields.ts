/** A run of bytes of a quote with a name. */
export interface QuoteField {
  readonly offset: number;
  readonly name: string;
  readonly length: number;
}

/** Source: Intel TDX DCAP Quoting Library API, "Quote Header". */
const HEADER = [
  ["version", 2],
  ["attestation key type", 2],
  ["TEE type", 4],
  ["reserved", 4],
  ["QE vendor id", 16],
  ["user data", 20],
] as const;

/** Source: Intel TDX DCAP Quoting Library API, "TD Quote Body". */
const BODY = [
  ["TEE_TCB_SVN", 16],
  ["MRSEAM", 48],
  ["MRSIGNERSEAM", 48],
  ["SEAM attributes", 8],
  ["TD attributes", 8],
  ["XFAM", 8],
  ["MRTD", 48],
  ["MRCONFIGID", 48],
  ["MROWNER", 48],
  ["MROWNERCONFIG", 48],
  ["RTMR0", 48],
  ["RTMR1", 48],
  ["RTMR2", 48],
  ["RTMR3", 48],
  ["report data", 64],
] as const;

const DESCRIPTOR = [
  ["body type", 2],
  ["body size", 4],
] as const;

const BODY_15 = [
  ["TEE_TCB_SVN 2", 16],
  ["MRSERVICETD", 48],
] as const;

const SIGNATURE = [
  ["signature data length", 4],
  ["signature", 64],
  ["attestation key", 64],
] as const;

/** A body of version 1.5, as the descriptor of a version 5 quote says. */
const BODY_15_BYTES = 648;

/**
 * Names the bytes of a quote; what follows the attestation key is one field.
 *
 * @param bodyBytes - size of the body as the quote says
 */
export function quoteFields(version: number, bodyBytes: number, byteLength: number): readonly QuoteField[] {
  const layout = [
    ...HEADER,
    ...(version === 5 ? DESCRIPTOR : []),
    ...BODY,
    ...(version === 5 && bodyBytes === BODY_15_BYTES ? BODY_15 : []),
    ...SIGNATURE,
  ];
  const fields: QuoteField[] = [];
  let offset = 0;
  for (const [name, length] of layout) {
    if (offset >= byteLength) break;
    fields.push({ offset, name, length: Math.min(length, byteLength - offset) });
    offset += length;
  }
  if (offset < byteLength) fields.push({ offset, name: "certification data", length: byteLength - offset });
  return fields;
}
