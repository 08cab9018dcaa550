import { failure, type Failure } from "./failure.ts";
import { hexSlicer, type FixedHex } from "./fixed-hex.ts";
import { readU16, readU32 } from "./little-endian.ts";
import { err, ok, type Result } from "./result.ts";

/** Size of the header of every quote (Intel TDX DCAP Quoting Library API, "Quote Header"). */
export const QUOTE_HEADER_BYTES = 48;

const SGX_ONLY_VERSION = 3;
const ECDSA_P256_KEY_TYPE = 2;
const SGX_TEE_TYPE = 0x00;
const TDX_TEE_TYPE = 0x81;

/** Vendor ID of Intel's quoting enclaves (Intel SGX ECDSA Quote Library API, "QE Vendor ID"). */
const INTEL_QE_VENDOR_ID = "939a7233f79c4ca9940a0db3957f0607";

/**
 * The header of a quote. It is signed, yet nothing in it but version, TEE type, key type and vendor is acted upon.
 *
 * Source: Intel TDX DCAP Quoting Library API, "Quote Header".
 */
export interface QuoteHeader {
  /** 2: ECDSA-256 with P-256, the only one accepted. */
  readonly attestationKeyType: 2;
  /** 0x81: TDX. */
  readonly teeType: 0x81;
  readonly qeVendorIdHex: FixedHex<16>;
  /** 20 bytes; the first 16 identify the quoting enclave's machine. Informational. */
  readonly userDataHex: FixedHex<20>;
  /** Four reserved bytes (older format: QE SVN and PCE SVN). Not interpreted. */
  readonly reservedHex: FixedHex<4>;
}

/**
 * Reads a quote's version and header.
 *
 * @param bytes - at least {@link QUOTE_HEADER_BYTES} bytes
 * Errors, in the order of the checks: `quote-not-tdx` (version 3, even with TDX's TEE type), `quote-version-unsupported`,
 * `quote-not-tdx` (TEE type SGX), `quote-tee-type-unsupported`, `quote-attestation-key-unsupported`, `quote-qe-vendor-unknown`.
 */
export function readQuoteHeader(bytes: Uint8Array): Result<{ version: 4 | 5; header: QuoteHeader }, Failure> {
  const version = readU16(bytes, 0);
  if (version === SGX_ONLY_VERSION) {
    return err(failure("quote-parse", "quote-not-tdx", { subject: "version", actual: version }));
  }
  if (version !== 4 && version !== 5) {
    return err(failure("quote-parse", "quote-version-unsupported", { expected: "4 or 5", actual: version }));
  }
  const teeType = readU32(bytes, 4);
  if (teeType === SGX_TEE_TYPE) {
    return err(failure("quote-parse", "quote-not-tdx", { subject: "TEE type", actual: teeType }));
  }
  if (teeType !== TDX_TEE_TYPE) {
    return err(failure("quote-parse", "quote-tee-type-unsupported", { expected: TDX_TEE_TYPE, actual: teeType }));
  }
  const keyType = readU16(bytes, 2);
  if (keyType !== ECDSA_P256_KEY_TYPE) {
    return err(
      failure("quote-parse", "quote-attestation-key-unsupported", { expected: ECDSA_P256_KEY_TYPE, actual: keyType }),
    );
  }
  const take = hexSlicer(bytes.subarray(0, QUOTE_HEADER_BYTES));
  const qeVendorIdHex = take(12, 16);
  if (qeVendorIdHex !== INTEL_QE_VENDOR_ID) {
    return err(
      failure("quote-parse", "quote-qe-vendor-unknown", { expected: INTEL_QE_VENDOR_ID, actual: qeVendorIdHex }),
    );
  }
  const header: QuoteHeader = {
    attestationKeyType: keyType,
    teeType,
    qeVendorIdHex,
    userDataHex: take(28, 20),
    reservedHex: take(8, 4),
  };
  return ok({ version, header: Object.freeze(header) });
}
