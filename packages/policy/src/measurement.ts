import { type Brand, type Result, err, ok } from "@mero-tee/tdx-quote/result";

/** A SHA-384 measurement register: 96 lower-case hex digits (48 bytes). */
export type Measurement = Brand<string, "Measurement">;

/**
 * The measurement registers that a policy lists, in the order in which mismatches are reported.
 *
 * Source: Intel TDX Module 1.5 ABI, TDREPORT_STRUCT / TDINFO_STRUCT (MRTD, RTMR).
 */
export const MEASUREMENT_FIELDS = ["mrtd", "rtmr0", "rtmr1", "rtmr2", "rtmr3"] as const;

/** One of {@link MEASUREMENT_FIELDS}. */
export type MeasurementField = (typeof MEASUREMENT_FIELDS)[number];

/** Text that is not a measurement. */
export interface MeasurementError {
  readonly code: "measurement-malformed";
  /** Length of the refused text in UTF-16 units; the text itself may be anything. */
  readonly length: number;
}

/**
 * Reads a measurement: 96 hex digits of either case, with or without `0x`, normalised to lower case without it.
 *
 * Errors: `measurement-malformed`.
 * Source: docs/releases.md (readers accept upper case and `0x`).
 */
export function parseMeasurement(text: string): Result<Measurement, MeasurementError> {
  const digits = text.startsWith("0x") ? text.slice(2) : text;
  if (!/^[0-9a-fA-F]{96}$/.test(digits)) return err({ code: "measurement-malformed", length: text.length });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the digits were checked above
  return ok(digits.toLowerCase() as Measurement);
}
