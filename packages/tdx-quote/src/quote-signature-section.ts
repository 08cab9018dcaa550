import { failure, type Failure, type FailureFacts } from "./failure.ts";
import { readU16, readU32 } from "./little-endian.ts";
import { QE_REPORT_BYTES, readQeReport, type QeReport } from "./qe-report.ts";
import { err, ok, type Result } from "./result.ts";

/** Quote signature, attestation key, type and size of the outer certification data. */
const FIXED_BYTES = 134;
/** QE report, its signature, size of the authentication data, type and size of the inner certification data. */
const QE_FIXED_BYTES = 456;
const QE_REPORT_CERTIFICATION_DATA = 6;

/** Kinds of certification data that a QE report can carry: 1 to 3 name a PCK by its PPID, 4 is a leaf, 5 a PEM chain. */
export type CertificationDataType = 1 | 2 | 3 | 4 | 5;

/** How the quote says which PCK certificate signed its QE report. */
export interface CertificationData {
  readonly type: CertificationDataType;
  /** For type 5: PEM text, leaf first, usually ended by a NUL. */
  readonly bytes: Uint8Array;
}

/**
 * The unsigned part of a quote that carries its signatures; every array but the attestation key is a view into the quote's own copy.
 *
 * Source: Intel TDX DCAP Quoting Library API, "Quote Signature Data" and "QE Report Certification Data".
 */
export interface QuoteSignatureSection {
  /** ECDSA P-256 over SHA-256 of the signed bytes, `r || s` (64 bytes). */
  readonly signature: Uint8Array;
  /** Raw `x || y` (64 bytes), not yet known to be a point on the curve. */
  readonly attestationKey: Uint8Array;
  /** The same as `04 || x || y` (65 bytes), which is how keys are imported (SEC 1, section 2.3.3). */
  readonly attestationPublicKey: Uint8Array;
  readonly qeReport: QeReport;
  /** The 384 bytes that the PCK key signs. */
  readonly qeReportBytes: Uint8Array;
  /** `r || s` (64 bytes). */
  readonly qeReportSignature: Uint8Array;
  /** Any length, 0 included. */
  readonly qeAuthenticationData: Uint8Array;
  readonly certificationData: CertificationData;
}

function lengthMismatch(facts: FailureFacts): { ok: false; error: Failure } {
  return err(failure("quote-parse", "quote-length-mismatch", facts));
}

function unsupported(subject: string, expected: string | number, actual: number): { ok: false; error: Failure } {
  return err(failure("quote-parse", "quote-certification-data-unsupported", { subject, expected, actual }));
}

function isCertificationDataType(type: number): type is CertificationDataType {
  return type >= 1 && type <= 5;
}

/**
 * Reads a signature section. Lengths are compared with what remains, never by adding untrusted numbers.
 *
 * @param section - exactly the bytes that its length field announces
 * Errors: `quote-length-mismatch`, `quote-certification-data-unsupported`.
 */
export function readQuoteSignatureSection(section: Uint8Array): Result<QuoteSignatureSection, Failure> {
  if (section.length < FIXED_BYTES) {
    return lengthMismatch({ subject: "signature section", expected: FIXED_BYTES, actual: section.length });
  }
  const outerType = readU16(section, 128);
  if (outerType !== QE_REPORT_CERTIFICATION_DATA) {
    return unsupported("outer certification data type", QE_REPORT_CERTIFICATION_DATA, outerType);
  }
  const outerSize = readU32(section, 130);
  if (outerSize !== section.length - FIXED_BYTES) {
    const expected = section.length - FIXED_BYTES;
    return lengthMismatch({ subject: "outer certification data", expected, actual: outerSize });
  }
  const outer = section.subarray(FIXED_BYTES);
  if (outer.length < QE_FIXED_BYTES) {
    return lengthMismatch({ subject: "outer certification data", expected: QE_FIXED_BYTES, actual: outer.length });
  }
  const authenticationSize = readU16(outer, 448);
  if (authenticationSize > outer.length - QE_FIXED_BYTES) {
    const expected = outer.length - QE_FIXED_BYTES;
    return lengthMismatch({ subject: "QE authentication data", expected, actual: authenticationSize });
  }
  const inner = outer.subarray(450 + authenticationSize);
  const innerType = readU16(inner, 0);
  if (!isCertificationDataType(innerType)) {
    return unsupported("inner certification data type", "1 to 5", innerType);
  }
  const innerSize = readU32(inner, 2);
  if (innerSize !== inner.length - 6) {
    return lengthMismatch({ subject: "inner certification data", expected: inner.length - 6, actual: innerSize });
  }
  const qeReportBytes = outer.subarray(0, QE_REPORT_BYTES);
  const attestationPublicKey = new Uint8Array(65);
  attestationPublicKey[0] = 0x04;
  attestationPublicKey.set(section.subarray(64, 128), 1);
  return ok({
    signature: section.subarray(0, 64),
    attestationKey: attestationPublicKey.subarray(1),
    attestationPublicKey,
    qeReport: readQeReport(qeReportBytes),
    qeReportBytes,
    qeReportSignature: outer.subarray(384, 448),
    qeAuthenticationData: outer.subarray(450, 450 + authenticationSize),
    certificationData: Object.freeze({ type: innerType, bytes: inner.subarray(6) }),
  });
}
