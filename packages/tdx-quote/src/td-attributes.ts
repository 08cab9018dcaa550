import { failure, type Failure } from "./failure.ts";
import { bytesOfHex, isZeroHex, type FixedHex } from "./fixed-hex.ts";
import { err, ok, type Result } from "./result.ts";
import type { TdReport } from "./td-report.ts";

const DEBUG = 1n << 0n;
const SEPT_VE_DISABLE = 1n << 28n;
const PKS = 1n << 30n;
const KL = 1n << 31n;
const PERFMON = 1n << 63n;

/** Every bit without a meaning here: the rest of the debug group, and bits that newer TDX modules may define. */
const RESERVED = ~(DEBUG | SEPT_VE_DISABLE | PKS | KL | PERFMON) & 0xffff_ffff_ffff_ffffn;

/** x87 and SSE state, always on in a TD. */
const XFAM_FIXED_ONE = 0x3n;
/** Every XFAM bit that a TDX module may set (Intel TDX Module base specification, "XFAM"). */
const XFAM_KNOWN = 0x0006_dbe7n;

/** Which guests besides an ordinary production TD are accepted. */
export interface AttributeOptions {
  /** Accept TDs whose memory the host can read. Never for production. */
  readonly allowDebug?: boolean;
  /** Accept TDs bound to service TDs, for example for migration. */
  readonly allowServiceTd?: boolean;
}

function littleEndian(bits: FixedHex<8>): bigint {
  return new DataView(bytesOfHex(bits).buffer).getBigUint64(0, true);
}

function lowestBit(bits: bigint): number {
  return bits.toString(2).length - bits.toString(2).lastIndexOf("1") - 1;
}

/**
 * Judges what kind of TD this is.
 *
 * Errors, in the order of the checks: `td-attributes-reserved` (also with `allowDebug`), `td-debug-enabled`,
 * `td-sept-ve-disable-clear` (a host could inject exceptions on memory access), `td-service-td-present`.
 * Source: Intel TDX Module base specification, "TD attributes" and "Service TDs".
 */
export function judgeTdAttributes(report: TdReport, options: AttributeOptions): Result<null, Failure> {
  const attributes = littleEndian(report.tdAttributes);
  const reserved = attributes & RESERVED;
  if (reserved !== 0n) {
    const facts = { subject: `bit ${lowestBit(reserved)}`, actual: report.tdAttributes };
    return err(failure("td-attributes", "td-attributes-reserved", facts));
  }
  if ((attributes & DEBUG) !== 0n && options.allowDebug !== true) {
    return err(failure("td-attributes", "td-debug-enabled", { actual: report.tdAttributes }));
  }
  if ((attributes & SEPT_VE_DISABLE) === 0n) {
    return err(failure("td-attributes", "td-sept-ve-disable-clear", { actual: report.tdAttributes }));
  }
  const hasServiceTd = report.mrServiceTd !== undefined && !isZeroHex(report.mrServiceTd);
  if (hasServiceTd && options.allowServiceTd !== true) {
    return err(failure("td-attributes", "td-service-td-present", { actual: report.mrServiceTd }));
  }
  return ok(null);
}

/** Something unusual that is not a refusal. */
export type QuoteWarning = "xfam-fixed-bits-clear" | "xfam-unknown-bits";

/**
 * Lists what is unusual about a TD's CPU features; a policy may look, verification does not refuse.
 *
 * Source: Intel TDX Module base specification, "XFAM".
 */
export function xfamWarnings(report: TdReport): readonly QuoteWarning[] {
  const xfam = littleEndian(report.xfam);
  return [
    ...((xfam & XFAM_FIXED_ONE) === XFAM_FIXED_ONE ? [] : (["xfam-fixed-bits-clear"] as const)),
    ...((xfam & ~XFAM_KNOWN) === 0n ? [] : (["xfam-unknown-bits"] as const)),
  ];
}
