import type { Profile } from "@mero-tee/policy";

import { flag, object, type Shape, schemaVersion } from "./document-shape.ts";
import { hex, profileName } from "./release-fields.ts";

/**
 * `kms-app-identity.json`: what a probe of a KMS proved about the application that runs there.
 *
 * Source: docs/releases.md.
 */
export interface AppIdentity {
  readonly schema_version: 1;
  readonly compose_hash: string;
  readonly app_id: string;
  readonly profile: Profile;
  readonly quote_verified: boolean;
  readonly event_log_verified: boolean;
  readonly os_image_hash_verified: boolean;
}

/** Shape of {@link AppIdentity}. */
export const appIdentity: Shape<AppIdentity> = object<AppIdentity>({
  schema_version: schemaVersion,
  compose_hash: hex(64, "payload"),
  app_id: hex(40),
  profile: profileName,
  quote_verified: flag,
  event_log_verified: flag,
  os_image_hash_verified: flag,
});
