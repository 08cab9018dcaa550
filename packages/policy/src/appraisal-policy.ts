import type { TcbStatus } from "@mero-tee/tdx-quote";

import type { Measurement, MeasurementField } from "./measurement.ts";
import type { MeasurementSet } from "./measurement-set.ts";
import type { Profile } from "./profile.ts";

/** Whose quotes a policy judges: those of nodes (asked by a KMS) or of a KMS (asked by nodes and verifiers). */
export type PolicyRole = "node" | "kms";

/** Where the values of a policy come from. `legacy-file`: the historical release file without a profile in its name. */
export type PolicySource = "release-file" | "legacy-file" | "environment";

/** What a policy decides about, in the order in which mismatches are reported. */
export const POLICY_FIELDS = ["tcbStatus", "mrtd", "rtmr0", "rtmr1", "rtmr2", "rtmr3"] as const;

/** One of {@link POLICY_FIELDS}. */
export type PolicyField = (typeof POLICY_FIELDS)[number];

/**
 * Reference values: what a verified quote must show to be accepted. Either complete sets, of which a quote must match one
 * as a whole, or five independent lists, each of which must contain the register's value; an empty list accepts
 * nothing. Made by this package's parsers; not authenticated by them.
 */
export interface AppraisalPolicy extends Readonly<Record<MeasurementField, readonly Measurement[]>> {
  readonly source: PolicySource;
  readonly role: PolicyRole;
  /** The profile that the values belong to; null where they come from the environment and nobody said. */
  readonly profile: Profile | null;
  /** Bare version of the release, e.g. `2.4.0`; null where the source names none. */
  readonly tag: string | null;
  /** When the document was made, Unix seconds; null where it does not say. */
  readonly generatedAt: number | null;
  readonly tcbStatuses: readonly TcbStatus[];
  /**
   * Role `node`: the complete sets. Where they are present the five lists decide nothing: a list would accept what no set
   * does, one image's MRTD beside another's RTMR2.
   */
  readonly measurementSets?: readonly MeasurementSet[];
  /** Role `kms`: the 32 bytes that a KMS quote carries behind the nonce when the asker follows this policy. */
  readonly defaultBinding?: Uint8Array<ArrayBuffer>;
  /**
   * Role `kms`: `exact` compares RTMR3 with its list like every register; `event-log` says that RTMR3 holds instance
   * data, so that it means something only after a replay of the event log.
   */
  readonly rtmr3Mode?: "exact" | "event-log";
  /** Role `kms`: accepted payloads of the `compose-hash` event, 64 lower-case hex digits each; at most one today. */
  readonly composeHashes?: readonly string[];
}

/**
 * The fields of a policy that accept nothing because their list is empty, or because there are sets and none in them. A service that enforces its policy does not
 * start with one.
 *
 * Source: docs/protocol.md.
 */
export function emptyPolicyFields(policy: AppraisalPolicy): readonly PolicyField[] {
  return POLICY_FIELDS.filter((field) => allowedValues(policy, field).length === 0);
}

/** The values of a policy for one of its fields; where it has sets, those that stand in any of them. */
export function allowedValues(policy: AppraisalPolicy, field: PolicyField): readonly string[] {
  if (field === "tcbStatus") return policy.tcbStatuses;
  return policy.measurementSets?.map((set) => set[field]) ?? policy[field];
}
