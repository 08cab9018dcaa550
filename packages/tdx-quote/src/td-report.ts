import { hexSlicer, type FixedHex } from "./fixed-hex.ts";

/** Size of a TD report of version 1.0 inside a quote (Intel TDX DCAP Quoting Library API, "TD Quote Body, TDX 1.0"). */
export const TD_REPORT_10_BYTES = 584;

/** Size of a TD report of version 1.5 inside a quote (Intel TDX DCAP Quoting Library API, "TD Quote Body, TDX 1.5"). */
export const TD_REPORT_15_BYTES = 648;

/**
 * What the TDX module says about a trust domain: the body of a quote, in lower-case hex.
 *
 * Authenticated only as part of a verified quote. `teeTcbSvn2` and `mrServiceTd` exist in version 1.5 only.
 * Source: Intel TDX DCAP Quoting Library API, "TD Quote Body"; Intel TDX Module base specification, TDREPORT_STRUCT.
 */
export interface TdReport {
  /** Security versions of the TDX module and its loader when this TD was launched; byte 1 is the module's major version. */
  readonly teeTcbSvn: FixedHex<16>;
  /** SHA-384 measurement of the TDX module. */
  readonly mrSeam: FixedHex<48>;
  /** Signer of the TDX module; zero for Intel's. */
  readonly mrSignerSeam: FixedHex<48>;
  readonly seamAttributes: FixedHex<8>;
  readonly tdAttributes: FixedHex<8>;
  /** Extended CPU features the TD may use. */
  readonly xfam: FixedHex<8>;
  /** Build-time measurement of the TD. */
  readonly mrtd: FixedHex<48>;
  readonly mrConfigId: FixedHex<48>;
  readonly mrOwner: FixedHex<48>;
  readonly mrOwnerConfig: FixedHex<48>;
  readonly rtmr0: FixedHex<48>;
  readonly rtmr1: FixedHex<48>;
  readonly rtmr2: FixedHex<48>;
  readonly rtmr3: FixedHex<48>;
  /** 64 bytes that the TD chose. */
  readonly reportData: FixedHex<64>;
  /** Security versions of the module that is loaded now (it may have been updated under a running TD). */
  readonly teeTcbSvn2?: FixedHex<16>;
  /** Measurement of the service TDs bound to this TD; zero when there is none. */
  readonly mrServiceTd?: FixedHex<48>;
}

/** The registers that say what runs in a TD. */
export const MEASUREMENT_REGISTERS = ["mrtd", "rtmr0", "rtmr1", "rtmr2", "rtmr3"] as const;

/** One of {@link MEASUREMENT_REGISTERS}. */
export type MeasurementRegister = (typeof MEASUREMENT_REGISTERS)[number];

/**
 * Reads a TD report.
 *
 * @param body - exactly {@link TD_REPORT_10_BYTES} or {@link TD_REPORT_15_BYTES} bytes
 */
export function readTdReport(body: Uint8Array): TdReport {
  const take = hexSlicer(body);
  const report: TdReport = {
    teeTcbSvn: take(0, 16),
    mrSeam: take(16, 48),
    mrSignerSeam: take(64, 48),
    seamAttributes: take(112, 8),
    tdAttributes: take(120, 8),
    xfam: take(128, 8),
    mrtd: take(136, 48),
    mrConfigId: take(184, 48),
    mrOwner: take(232, 48),
    mrOwnerConfig: take(280, 48),
    rtmr0: take(328, 48),
    rtmr1: take(376, 48),
    rtmr2: take(424, 48),
    rtmr3: take(472, 48),
    reportData: take(520, 64),
    ...(body.length === TD_REPORT_15_BYTES ? { teeTcbSvn2: take(584, 16), mrServiceTd: take(600, 48) } : {}),
  };
  return Object.freeze(report);
}
