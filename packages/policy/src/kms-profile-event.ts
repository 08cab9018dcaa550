import type { Profile } from "./profile.ts";

/**
 * Name of the RTMR3 event with which a KMS says which profile it was built for.
 *
 * Source: docs/protocol.md.
 */
export const KMS_PROFILE_EVENT = "calimero.kms.profile";

/** A dstack runtime event: its digest is made over both members. */
export interface KmsProfileEvent {
  readonly name: typeof KMS_PROFILE_EVENT;
  /** ASCII `calimero.kms.profile=<profile>`. */
  readonly payload: Uint8Array;
}

/**
 * The profile event of a KMS.
 *
 * It is a claim of the application: the event proves what the KMS said at start, the compose hash proves what it is.
 *
 * Source: docs/protocol.md.
 */
export function kmsProfileEvent(profile: Profile): KmsProfileEvent {
  return { name: KMS_PROFILE_EVENT, payload: new TextEncoder().encode(`${KMS_PROFILE_EVENT}=${profile}`) };
}
