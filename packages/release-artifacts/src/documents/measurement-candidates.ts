import { parseMachineType } from "@mero-tee/policy";

import { object, optional, parsed, type Shape, schemaVersion, text, list, word } from "./document-shape.ts";
import { type AllowedLists, allowedLists, hex, sha256Hex, time } from "./release-fields.ts";

/** Where the TCB status of a probe came from: the appraiser's words, and what they mean. */
interface TcbStatusSource {
  readonly value: string;
  readonly path: string;
  readonly raw: string;
}

/**
 * `measurement-policy-candidates-<profile>.json` and `kms-policy-candidates.json`: what one probe of one machine saw.
 *
 * Source: docs/releases.md.
 */
export interface MeasurementCandidates {
  readonly schema_version: 1;
  readonly generated_at_utc: string;
  /** Registers come from the bytes of a quote, never from what a token claims. */
  readonly measurement_source: "td_quote";
  readonly quote_field_path: string;
  readonly source_attest_response_path: string;
  readonly source_claims_path: string;
  readonly quote_sha256?: string;
  readonly nonce_hex?: string;
  readonly td_attributes?: string;
  readonly xfam?: string;
  readonly machine_type?: string;
  readonly source_claim_paths: {
    readonly mrtd: string;
    readonly rtmr0: string;
    readonly rtmr1: string;
    readonly rtmr2: string;
    readonly rtmr3: string;
    readonly tcb_statuses: readonly TcbStatusSource[];
  };
  readonly policy: AllowedLists<"allowed">;
}

/** The name of a machine shape, e.g. `c3-standard-4`. */
export const machineType: Shape<string> = parsed(parseMachineType, "a machine type such as c3-standard-4");

/** Shape of {@link MeasurementCandidates}. */
export const measurementCandidates: Shape<MeasurementCandidates> = object<MeasurementCandidates>({
  schema_version: schemaVersion,
  generated_at_utc: time,
  measurement_source: word(["td_quote"]),
  quote_field_path: text,
  source_attest_response_path: text,
  source_claims_path: text,
  quote_sha256: optional(sha256Hex),
  nonce_hex: optional(hex(64)),
  td_attributes: optional(hex(16)),
  xfam: optional(hex(16)),
  machine_type: optional(machineType),
  source_claim_paths: object<MeasurementCandidates["source_claim_paths"]>({
    mrtd: text,
    rtmr0: text,
    rtmr1: text,
    rtmr2: text,
    rtmr3: text,
    tcb_statuses: list(object<TcbStatusSource>({ value: text, path: text, raw: text })),
  }),
  policy: object<AllowedLists<"allowed">>(allowedLists("allowed")),
});
