import { type ReleaseFamily, workflowOf } from "./release-identity.ts";
import type { SettingsReader } from "./settings.ts";

/** Where releases come from, and who signs them. */
export interface ReleaseSettings {
  readonly repository: string;
  readonly apiUrl: string;
  readonly downloadUrl: string;
  readonly token: string | null;
  readonly issuer: string;
  readonly identities: Readonly<Record<ReleaseFamily, string>>;
}

/** Reads the settings of releases: all of them are fixed when the service is deployed. */
export function readReleaseSettings(settings: SettingsReader): ReleaseSettings {
  const repository = settings.value("RELEASE_REPO");
  const signer = (name: "SIGSTORE_IDENTITY_KMS" | "SIGSTORE_IDENTITY_NODE", family: ReleaseFamily): string =>
    settings.text(name) === null ? workflowOf(family, repository) : settings.value(name);
  return {
    repository,
    apiUrl: settings.value("RELEASE_API_URL"),
    downloadUrl: settings.value("RELEASE_DOWNLOAD_URL"),
    token: settings.value("GITHUB_TOKEN"),
    issuer: settings.value("SIGSTORE_ISSUER"),
    identities: { kms: signer("SIGSTORE_IDENTITY_KMS", "kms"), node: signer("SIGSTORE_IDENTITY_NODE", "node") },
  };
}
