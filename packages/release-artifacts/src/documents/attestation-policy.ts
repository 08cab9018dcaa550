import type { MeasurementSet } from "@mero-tee/policy";

import { list, object, optional, type Shape, schemaVersion, text, word } from "./document-shape.ts";
import { measurementSet } from "./published-mrtds.ts";
import {
  type AllowedLists,
  allowedLists,
  commitSha,
  eventPayload,
  base64Of32,
  hex,
  httpsUrl,
  optionalAllowedLists,
  runId,
  sha256Hex,
  time,
  version,
} from "./release-fields.ts";

/** The values of an attestation policy: of the KMS, of nodes, and the KMS's again under their historical names. */
export interface AttestationPolicyValues
  extends AllowedLists<"kms_allowed">, AllowedLists<"node_allowed">, Partial<AllowedLists<"allowed">> {
  readonly kms_rtmr3_mode?: "exact" | "event-log";
  /** The compose hash of the KMS, at most one; empty only while a candidate has none. */
  readonly kms_allowed_event_payload?: readonly string[];
  /** Whose key service the KMS must run under. */
  readonly kms_key_provider?: { readonly name: string; readonly id: string };
  readonly node_measurement_sets?: readonly MeasurementSet[];
}

/**
 * `kms-phala-attestation-policy[.<profile>].json` as a release publishes it. What its lists accept is for the reader of
 * `@mero-tee/policy` to say; this is the document around them.
 *
 * Source: docs/releases.md.
 */
export interface AttestationPolicyDocument {
  readonly schema_version: 1;
  readonly role?: string;
  readonly profile?: string;
  readonly status?: "ready" | "policy_not_ready";
  readonly tag: string;
  readonly commit_sha: string;
  readonly workflow_run_id?: string;
  readonly workflow_run_attempt?: string;
  readonly generated_at: string;
  readonly source?: { readonly repository: string; readonly workflow: string; readonly ref: string };
  readonly policy_registry_entry_path?: string;
  readonly node_policy?: { readonly url: string; readonly sha256: string };
  readonly measurement_markers?: {
    readonly kms_role: string;
    readonly node_role: string;
    readonly node_profile_key: string;
    readonly node_root_hash_key: string;
  };
  readonly kms: {
    readonly provider: string;
    readonly attest_endpoint: string;
    readonly report_data_layout: ReportDataLayout;
    readonly default_binding_hex: string;
    readonly default_binding_b64: string;
  };
  readonly policy: AttestationPolicyValues;
  readonly merod_config_path?: string;
}

/** Which bytes of the report data mean what. */
export interface ReportDataLayout {
  readonly bytes_0_31: string;
  readonly bytes_32_63: string;
}

/** Shape of {@link ReportDataLayout}. */
export const reportDataLayout: Shape<ReportDataLayout> = object<ReportDataLayout>({
  bytes_0_31: text,
  bytes_32_63: text,
});

/** Shape of {@link AttestationPolicyDocument}. */
export const attestationPolicyDocument: Shape<AttestationPolicyDocument> = object<AttestationPolicyDocument>({
  schema_version: schemaVersion,
  role: optional(text),
  profile: optional(text),
  status: optional(word(["ready", "policy_not_ready"])),
  tag: version,
  commit_sha: commitSha,
  workflow_run_id: optional(runId),
  workflow_run_attempt: optional(runId),
  generated_at: time,
  source: optional(
    object<NonNullable<AttestationPolicyDocument["source"]>>({ repository: text, workflow: text, ref: text }),
  ),
  policy_registry_entry_path: optional(text),
  node_policy: optional(
    object<NonNullable<AttestationPolicyDocument["node_policy"]>>({ url: httpsUrl, sha256: sha256Hex }),
  ),
  measurement_markers: optional(
    object<NonNullable<AttestationPolicyDocument["measurement_markers"]>>({
      kms_role: text,
      node_role: text,
      node_profile_key: text,
      node_root_hash_key: text,
    }),
  ),
  kms: object<AttestationPolicyDocument["kms"]>({
    provider: text,
    attest_endpoint: text,
    report_data_layout: reportDataLayout,
    default_binding_hex: hex(64),
    default_binding_b64: base64Of32,
  }),
  policy: object<AttestationPolicyValues>({
    ...allowedLists("kms_allowed"),
    kms_rtmr3_mode: optional(word(["exact", "event-log"])),
    kms_allowed_event_payload: optional(list(eventPayload)),
    kms_key_provider: optional(
      object<NonNullable<AttestationPolicyValues["kms_key_provider"]>>({ name: text, id: text }),
    ),
    ...allowedLists("node_allowed"),
    node_measurement_sets: optional(list(measurementSet)),
    ...optionalAllowedLists("allowed"),
  }),
  merod_config_path: optional(text),
});
