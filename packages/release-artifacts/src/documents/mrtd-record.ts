import type { Measurement } from "@mero-tee/policy";

import { object, optional, type Shape, text, word } from "./document-shape.ts";
import { httpsUrl, measurement, time } from "./release-fields.ts";

/**
 * `mrtd-<profile>.json`: the registers of one profile's probe, and who said so.
 *
 * Source: docs/releases.md.
 */
export interface MrtdRecord {
  readonly mrtd: Measurement;
  readonly mrtd_source: "ita_and_quote" | "external_attestation_token" | "parsed_td_quote";
  readonly mrtd_path: string;
  readonly quote_path: string;
  readonly token_path?: string;
  readonly ita_url?: string;
  readonly ita_request_kind?: "v2_tdx" | "legacy_quote";
  readonly timestamp_utc: string;
  readonly tee_info_mrtd?: Measurement;
  readonly tee_info_mrtd_path?: string;
  readonly rtmr0?: Measurement;
  readonly rtmr1?: Measurement;
  readonly rtmr2?: Measurement;
  readonly rtmr3?: Measurement;
}

/** Shape of {@link MrtdRecord}. */
export const mrtdRecord: Shape<MrtdRecord> = object<MrtdRecord>({
  mrtd: measurement,
  mrtd_source: word(["ita_and_quote", "external_attestation_token", "parsed_td_quote"]),
  mrtd_path: text,
  quote_path: text,
  token_path: optional(text),
  ita_url: optional(httpsUrl),
  ita_request_kind: optional(word(["v2_tdx", "legacy_quote"])),
  timestamp_utc: time,
  tee_info_mrtd: optional(measurement),
  tee_info_mrtd_path: optional(text),
  rtmr0: optional(measurement),
  rtmr1: optional(measurement),
  rtmr2: optional(measurement),
  rtmr3: optional(measurement),
});
