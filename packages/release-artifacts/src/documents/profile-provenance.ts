import type { Measurement, Profile } from "@mero-tee/policy";

import { object, optional, type Shape, text } from "./document-shape.ts";
import { machineType } from "./measurement-candidates.ts";
import {
  commitSha,
  hex,
  httpsUrl,
  measurement,
  probedUrl,
  profileName,
  runId,
  sha256Hex,
  version,
} from "./release-fields.ts";

/**
 * `profile-provenance-<profile>.json`: which image was probed, where, and who appraised the quote.
 *
 * Source: docs/releases.md.
 */
export interface ProfileProvenance {
  readonly profile: Profile;
  readonly tag: string;
  readonly commit_sha: string;
  readonly workflow_run_id: string;
  readonly workflow_run_attempt: string;
  readonly image: {
    readonly name: string;
    readonly project: string;
    readonly family: string;
    readonly self_link: string;
    readonly disk_sha256?: string;
  };
  readonly attestation_context: {
    readonly base_url: string;
    readonly nonce: string;
    readonly instance: string;
    readonly image: string;
    readonly project: string;
    readonly zone: string;
    readonly machine_type: string;
  };
  readonly external_verification: {
    /** `performed`, or the release stops. */
    readonly status: string;
    readonly mrtd: Measurement;
    readonly quote_sha256: string;
    readonly ita_token_sha256?: string;
  };
}

/** Shape of {@link ProfileProvenance}. */
export const profileProvenance: Shape<ProfileProvenance> = object<ProfileProvenance>({
  profile: profileName,
  tag: version,
  commit_sha: commitSha,
  workflow_run_id: runId,
  workflow_run_attempt: runId,
  image: object<ProfileProvenance["image"]>({
    name: text,
    project: text,
    family: text,
    self_link: httpsUrl,
    disk_sha256: optional(sha256Hex),
  }),
  attestation_context: object<ProfileProvenance["attestation_context"]>({
    base_url: probedUrl,
    nonce: hex(64),
    instance: text,
    image: text,
    project: text,
    zone: text,
    machine_type: machineType,
  }),
  external_verification: object<ProfileProvenance["external_verification"]>({
    status: text,
    mrtd: measurement,
    quote_sha256: sha256Hex,
    ita_token_sha256: optional(sha256Hex),
  }),
});
