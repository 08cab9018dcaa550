import { failure, type Failure, type FailureCode } from "./failure.ts";
import type { FixedHex } from "./fixed-hex.ts";
import { hex, integer, object, time, word, type ShapeError } from "./json-shape.ts";
import type { QeReport } from "./qe-report.ts";
import { err, ok, type Result } from "./result.ts";
import { parseSignedJson, signedText, type SignedText } from "./signed-json.ts";
import { isvSvnLevels, type Descending, type IsvSvnLevel } from "./tcb-level.ts";

/** Which enclave an identity describes; only `TD_QE` can make TDX quotes. */
export type EnclaveId = "TD_QE" | "QE" | "QVE";

/**
 * What Intel's TD quoting enclave must be. **Not authenticated.**
 *
 * Source: Intel PCS API v4, "Enclave Identity V2".
 */
export interface QeIdentity {
  /** The exact bytes that the signature covers. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly id: EnclaveId;
  /** Unix seconds. */
  readonly issueDate: number;
  /** Unix seconds. */
  readonly nextUpdate: number;
  readonly tcbEvaluationDataNumber: number;
  /** The four bytes in the order they have in the report. */
  readonly miscSelect: FixedHex<4>;
  readonly miscSelectMask: FixedHex<4>;
  readonly attributes: FixedHex<16>;
  readonly attributesMask: FixedHex<16>;
  readonly mrSigner: FixedHex<32>;
  readonly isvProdId: number;
  readonly levels: Descending<IsvSvnLevel>;
}

interface QeIdentityDocument {
  readonly id: EnclaveId;
  readonly issueDate: number;
  readonly nextUpdate: number;
  readonly tcbEvaluationDataNumber: number;
  readonly miscselect: FixedHex<4>;
  readonly miscselectMask: FixedHex<4>;
  readonly attributes: FixedHex<16>;
  readonly attributesMask: FixedHex<16>;
  readonly mrsigner: FixedHex<32>;
  readonly isvprodid: number;
  readonly tcbLevels: Descending<IsvSvnLevel>;
}

const document = object<QeIdentityDocument>({
  id: word(["TD_QE", "QE", "QVE"]),
  issueDate: time,
  nextUpdate: time,
  tcbEvaluationDataNumber: integer(0xffff_ffff),
  miscselect: hex(4),
  miscselectMask: hex(4),
  attributes: hex(16),
  attributesMask: hex(16),
  mrsigner: hex(32),
  isvprodid: integer(65535),
  // Intel's verification library knows the two configuration words here as well and counts them as out of date.
  tcbLevels: isvSvnLevels(["UpToDate", "OutOfDate", "Revoked", "ConfigurationNeeded", "OutOfDateConfigurationNeeded"]),
});

const versionOnly = object<{ version: number }>({ version: integer(0xffff_ffff) });

function malformed(error: ShapeError): { ok: false; error: Failure } {
  return err(failure("collateral-parse", "qe-identity-malformed", { subject: error.path, reason: error.reason }));
}

/**
 * Parses a QE identity. The version is looked at first: other versions have other fields.
 *
 * @param text - the exact text that was signed
 * Errors: `qe-identity-malformed` with place and reason, `qe-identity-version-unsupported`.
 * Source: Intel PCS API v4, "Enclave Identity V2".
 */
export function parseQeIdentity(text: string | SignedText): Result<QeIdentity, Failure> {
  const json = parseSignedJson(typeof text === "string" ? signedText(text) : text);
  if (!json.ok) return malformed(json.error);
  const { bytes, value } = json.value;
  const version = versionOnly(value);
  if (!version.ok) return malformed(version.error);
  if (version.value.version !== 2) {
    const facts = { expected: 2, actual: version.value.version };
    return err(failure("collateral-parse", "qe-identity-version-unsupported", facts));
  }
  const parsed = document(value);
  if (!parsed.ok) return malformed(parsed.error);
  const { miscselect, miscselectMask, mrsigner, isvprodid, tcbLevels, ...same } = parsed.value;
  return ok(
    Object.freeze({
      bytes,
      ...same,
      miscSelect: miscselect,
      miscSelectMask: miscselectMask,
      mrSigner: mrsigner,
      isvProdId: isvprodid,
      levels: tcbLevels,
    }),
  );
}

/** Bit 1 of the first byte (Intel SDM volume 3D, "ATTRIBUTES"). */
const SGX_ATTRIBUTE_DEBUG = 0x02;

/** Four bytes, as much as bit operations take. */
const WORD_DIGITS = 8;

function wordAt(digits: string, at: number): number {
  return parseInt(digits.slice(at, at + WORD_DIGITS), 16);
}

/** The mask goes on the report only: an identity whose value has bits outside its mask matches nothing. */
function matchesUnderMask<Bytes extends number>(
  actual: FixedHex<Bytes>,
  mask: FixedHex<Bytes>,
  expected: FixedHex<Bytes>,
): boolean {
  for (let at = 0; at < actual.length; at += WORD_DIGITS) {
    if ((wordAt(actual, at) & wordAt(mask, at)) >>> 0 !== wordAt(expected, at)) return false;
  }
  return true;
}

function refused(code: FailureCode, expected: string | number, actual: string | number): { ok: false; error: Failure } {
  return err(failure("qe-report", code, { expected, actual }));
}

/**
 * Compares a QE report with the identity that Intel publishes for its TD quoting enclave.
 *
 * Errors, in the order of the checks: `qe-debug-enabled` (never allowed, a debug enclave's key can be read out),
 * `qe-mrsigner-mismatch`, `qe-isvprodid-mismatch`, `qe-miscselect-mismatch`, `qe-attributes-mismatch`.
 * Source: Intel SGX DCAP Quote Verification Library, enclave report verification.
 */
export function matchQeIdentity(report: QeReport, identity: QeIdentity): Result<null, Failure> {
  if ((parseInt(report.attributes.slice(0, 2), 16) & SGX_ATTRIBUTE_DEBUG) !== 0) {
    return err(failure("qe-report", "qe-debug-enabled", { actual: report.attributes }));
  }
  if (report.mrSigner !== identity.mrSigner) {
    return refused("qe-mrsigner-mismatch", identity.mrSigner, report.mrSigner);
  }
  if (report.isvProdId !== identity.isvProdId) {
    return refused("qe-isvprodid-mismatch", identity.isvProdId, report.isvProdId);
  }
  if (!matchesUnderMask(report.miscSelect, identity.miscSelectMask, identity.miscSelect)) {
    return refused("qe-miscselect-mismatch", identity.miscSelect, report.miscSelect);
  }
  if (!matchesUnderMask(report.attributes, identity.attributesMask, identity.attributes)) {
    return refused("qe-attributes-mismatch", identity.attributes, report.attributes);
  }
  return ok(null);
}
