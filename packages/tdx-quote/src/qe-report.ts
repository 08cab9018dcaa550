import { hexSlicer, type FixedHex } from "./fixed-hex.ts";
import { readU16 } from "./little-endian.ts";

/** Size of an SGX enclave report body (Intel SDM volume 3D, "REPORT", without key id and MAC). */
export const QE_REPORT_BYTES = 384;

/**
 * The SGX report of the quoting enclave: it vouches for the attestation key, and the PCK key signs it.
 *
 * Authenticated only as part of a verified quote.
 * Source: Intel SDM volume 3D, REPORT; Intel TDX DCAP Quoting Library API, "QE Report".
 */
export interface QeReport {
  readonly cpuSvn: FixedHex<16>;
  /** The four bytes in the order they have in the report. */
  readonly miscSelect: FixedHex<4>;
  readonly attributes: FixedHex<16>;
  readonly mrEnclave: FixedHex<32>;
  readonly mrSigner: FixedHex<32>;
  readonly isvProdId: number;
  readonly isvSvn: number;
  /** SHA-256 over attestation key and authentication data, then 32 zero bytes. */
  readonly reportData: FixedHex<64>;
}

/**
 * Reads a QE report.
 *
 * @param bytes - exactly {@link QE_REPORT_BYTES} bytes
 */
export function readQeReport(bytes: Uint8Array): QeReport {
  const take = hexSlicer(bytes);
  return Object.freeze({
    cpuSvn: take(0, 16),
    miscSelect: take(16, 4),
    attributes: take(48, 16),
    mrEnclave: take(64, 32),
    mrSigner: take(128, 32),
    isvProdId: readU16(bytes, 256),
    isvSvn: readU16(bytes, 258),
    reportData: take(320, 64),
  });
}
