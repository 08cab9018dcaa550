import { failure, type Failure } from "../failure.ts";
import { toHex } from "../hex.ts";
import type { TdxQuote } from "../quote.ts";
import { err, ok, type Result } from "../result.ts";

/** What a PCK certificate is asked for by; all values are lower-case hex of the bytes as they stand in the quote. */
export interface PckCertificateRequest {
  /** 256 or 384 bytes (certification data types 2 and 3); null for type 1, which has the PPID in clear. */
  readonly encryptedPpid: string | null;
  /** 16 bytes. */
  readonly cpuSvn: string;
  /** 2 bytes, little-endian. */
  readonly pceSvn: string;
  /** 2 bytes, little-endian. */
  readonly pceId: string;
  /** 16 bytes: the quoting enclave's ID, by which a PCCS finds the platform. */
  readonly qeId: string;
}

/** Bytes of the PPID field, clear or encrypted, for each certification data type that names a platform instead of carrying a chain. */
const PPID_BYTES: ReadonlyMap<number, number> = new Map([
  [1, 16],
  [2, 256],
  [3, 384],
]);

/** What follows the PPID: CPUSVN (16), PCESVN (2), PCE-ID (2). */
const CPU_SVN_BYTES = 16;
const PCE_SVN_BYTES = 2;
const PCE_ID_BYTES = 2;

/** Bytes of the header's user data that identify the quoting enclave. */
const QE_ID_HEX_DIGITS = 32;

/**
 * Reads from a quote what its PCK certificate is asked for by. Not authenticated: nothing in the quote can be, before that
 * certificate is there.
 *
 * Errors: `quote-certification-data-unsupported` when the certification data is of another type than 1, 2 and 3 or not of its size.
 * Source: Intel TDX DCAP Quoting Library API, certification data types; Intel PCS API v4, pckcert.
 */
export function pckCertificateRequest(quote: TdxQuote): Result<PckCertificateRequest, Failure> {
  const { type, bytes } = quote.certificationData;
  const ppidBytes = PPID_BYTES.get(type);
  if (ppidBytes === undefined || bytes.length !== ppidBytes + CPU_SVN_BYTES + PCE_SVN_BYTES + PCE_ID_BYTES) {
    return err(
      failure("collateral-parse", "quote-certification-data-unsupported", { actual: type, reason: "no PPID" }),
    );
  }
  const field = (offset: number, size: number): string => toHex(bytes.subarray(offset, offset + size));
  return ok({
    encryptedPpid: type === 1 ? null : field(0, ppidBytes),
    cpuSvn: field(ppidBytes, CPU_SVN_BYTES),
    pceSvn: field(ppidBytes + CPU_SVN_BYTES, PCE_SVN_BYTES),
    pceId: field(ppidBytes + CPU_SVN_BYTES + PCE_SVN_BYTES, PCE_ID_BYTES),
    qeId: quote.header.userDataHex.slice(0, QE_ID_HEX_DIGITS),
  });
}
