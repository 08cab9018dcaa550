/** A named run of bytes. */
export interface QuoteField {
  readonly name: string;
  readonly offset: number;
  readonly size: number;
}

/** Fields of the quote header, version 4 and 5 (Intel TDX DCAP Quoting Library API, appendix A.3.1). */
export const HEADER_FIELDS = [
  ["version", 2],
  ["attestationKeyType", 2],
  ["teeType", 4],
  ["reserved", 4],
  ["qeVendorId", 16],
  ["userData", 20],
] as const;

/** Bytes of the quote header. */
export const HEADER_BYTES = 48;

/** Fields of TD report 1.0 inside a quote (the same, appendix A.3.2). */
export const TD_REPORT_10_FIELDS = [
  ["teeTcbSvn", 16],
  ["mrSeam", 48],
  ["mrSignerSeam", 48],
  ["seamAttributes", 8],
  ["tdAttributes", 8],
  ["xfam", 8],
  ["mrtd", 48],
  ["mrConfigId", 48],
  ["mrOwner", 48],
  ["mrOwnerConfig", 48],
  ["rtmr0", 48],
  ["rtmr1", 48],
  ["rtmr2", 48],
  ["rtmr3", 48],
  ["reportData", 64],
] as const;

/** What TD report 1.5 adds at its end (the same, appendix A.3.3). */
export const TD_REPORT_15_FIELDS = [
  ["teeTcbSvn2", 16],
  ["mrServiceTd", 48],
] as const;

/** Name of a TD report field. */
export type TdReportField = (typeof TD_REPORT_10_FIELDS | typeof TD_REPORT_15_FIELDS)[number][0];

/** Bytes of TD report 1.0. */
export const TD_REPORT_10_BYTES = 584;

/** Fields of the QE report that mean something; the rest is reserved and zero (Intel SDM, volume 3D, REPORT). */
export const QE_REPORT_OFFSETS = {
  cpuSvn: 0,
  miscSelect: 16,
  attributes: 48,
  mrEnclave: 64,
  mrSigner: 128,
  isvProdId: 256,
  isvSvn: 258,
  reportData: 320,
} as const;

/** Bytes of an SGX enclave report body. */
export const QE_REPORT_BYTES = 384;

/** Lays fields end to end from an offset. */
export function layOut(fields: readonly (readonly [string, number])[], start: number): QuoteField[] {
  let offset = start;
  return fields.map(([name, size]) => {
    const field = { name, offset, size };
    offset += size;
    return field;
  });
}
