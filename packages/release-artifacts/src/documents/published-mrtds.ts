import { type Measurement, type MeasurementSet, parseMeasurementSetId } from "@mero-tee/policy";

import { list, object, optional, parsed, type Shape, schemaVersion, text } from "./document-shape.ts";
import { machineType } from "./measurement-candidates.ts";
import {
  type AllowedLists,
  allowedLists,
  commitSha,
  hex,
  measurement,
  type PerProfile,
  perProfile,
  profileName,
  sha256Hex,
  time,
  version,
} from "./release-fields.ts";

/** What a release says about the nodes of one profile. */
export interface PublishedProfile extends AllowedLists<"allowed"> {
  readonly mrtd: Measurement;
  readonly rtmr0?: Measurement;
  readonly rtmr1?: Measurement;
  readonly rtmr2?: Measurement;
  readonly rtmr3?: Measurement;
  /** dm-verity root hash of the image, from which RTMR3 follows. */
  readonly root_hash?: string;
}

/**
 * `published-mrtds.json`: the measurements of a node release.
 *
 * Source: docs/releases.md.
 */
export interface PublishedMrtds {
  readonly schema_version?: 1;
  readonly role?: string;
  readonly tag: string;
  readonly commit_sha?: string;
  readonly generated_at?: string;
  readonly measurement_markers?: {
    readonly role: string;
    readonly profile_key: string;
    readonly root_hash_key: string;
  };
  readonly profiles: PerProfile<PublishedProfile>;
  readonly measurement_sets?: readonly MeasurementSet[];
}

/** Shape of a {@link MeasurementSet}, whose meaning is the policy's. */
export const measurementSet: Shape<MeasurementSet> = object<MeasurementSet>({
  id: parsed(parseMeasurementSetId, "an id such as 2.4.0/locked-read-only/c3-standard-4"),
  profile: profileName,
  machine_type: machineType,
  mrtd: measurement,
  rtmr0: measurement,
  rtmr1: measurement,
  rtmr2: measurement,
  rtmr3: measurement,
  td_attributes: hex(16),
  xfam: hex(16),
});

/** Shape of {@link PublishedMrtds}. */
export const publishedMrtds: Shape<PublishedMrtds> = object<PublishedMrtds>({
  schema_version: optional(schemaVersion),
  role: optional(text),
  tag: version,
  commit_sha: optional(commitSha),
  generated_at: optional(time),
  measurement_markers: optional(
    object<NonNullable<PublishedMrtds["measurement_markers"]>>({ role: text, profile_key: text, root_hash_key: text }),
  ),
  profiles: perProfile(
    object<PublishedProfile>({
      mrtd: measurement,
      rtmr0: optional(measurement),
      rtmr1: optional(measurement),
      rtmr2: optional(measurement),
      rtmr3: optional(measurement),
      root_hash: optional(sha256Hex),
      ...allowedLists("allowed"),
    }),
  ),
  measurement_sets: optional(list(measurementSet)),
});
