import type { TcbStatus } from "@mero-tee/tdx-quote";
import { type Result, err, ok } from "@mero-tee/tdx-quote/result";

import { type Measurement, type MeasurementField, parseMeasurement } from "./measurement.ts";
import { namesNoImage } from "./node-rtmr3.ts";
import type { PolicyError } from "./policy-error.ts";
import { parseTcbStatus } from "./tcb-status-word.ts";

/**
 * Reads one entry of a list of accepted measurements.
 *
 * RTMR3 values that no honest machine shows are refused wherever they stand: the register of a machine that never
 * extended it, and that of a locked node which found no root hash. A list with such a value would accept machines that
 * measured nothing.
 *
 * @param field - where the entry stands, for the error
 * @param register - which register the list is for
 * Errors: `policy-field-malformed`, `policy-measurement-forbidden`.
 * Source: docs/node-images.md.
 */
export function parseAllowedMeasurement(
  text: string,
  field: string,
  register: MeasurementField,
): Result<Measurement, PolicyError> {
  const measurement = parseMeasurement(text);
  if (!measurement.ok) return err({ code: "policy-field-malformed", field, expected: "a string of 96 hex digits" });
  const { value } = measurement;
  if (register === "rtmr3" && namesNoImage(value)) {
    return err({ code: "policy-measurement-forbidden", field, measurement: value });
  }
  return ok(value);
}

/**
 * Reads one entry of a list of accepted TCB statuses. `Revoked` is refused: its key material is known to be lost.
 *
 * @param field - where the entry stands, for the error
 * Errors: `policy-tcb-status-unknown`, `policy-tcb-status-revoked`.
 * Source: docs/protocol.md.
 */
export function parseAllowedTcbStatus(word: string, field: string): Result<TcbStatus, PolicyError> {
  const status = parseTcbStatus(word);
  if (!status.ok) return err({ code: "policy-tcb-status-unknown", field, actual: status.error.actual });
  if (status.value === "Revoked") return err({ code: "policy-tcb-status-revoked", field });
  return ok(status.value);
}
