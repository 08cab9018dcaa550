import { DEFAULT_REPOSITORY, GITHUB_ACTIONS_ISSUER, isRepository, laneIdentity } from "@mero-tee/release-artifacts";
import { err, ok } from "@mero-tee/tdx-quote/result";
import { parseIdentity, parseSecret } from "./scalars.ts";
import { parseServiceBase } from "./service-base.ts";
import type { AreaReader } from "./settings.ts";

/** The families whose files are passed on. */
export type ReleaseFamily = "kms" | "node";

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
export function readReleaseSettings(settings: AreaReader): ReleaseSettings {
  const repository = settings.value(
    "RELEASE_REPO",
    (text) => (isRepository(text) ? ok(text) : err("must be OWNER/NAME")),
    DEFAULT_REPOSITORY,
  );
  return {
    repository,
    apiUrl: settings.value("RELEASE_API_URL", parseServiceBase, "https://api.github.com"),
    downloadUrl: settings.value("RELEASE_DOWNLOAD_URL", parseServiceBase, "https://github.com"),
    token: settings.value<string | null>("GITHUB_TOKEN", parseSecret, null),
    issuer: settings.value("SIGSTORE_ISSUER", parseIdentity, GITHUB_ACTIONS_ISSUER),
    identities: {
      kms: settings.value("SIGSTORE_IDENTITY_KMS", parseIdentity, exactly(laneIdentity("kms", repository))),
      node: settings.value("SIGSTORE_IDENTITY_NODE", parseIdentity, exactly(laneIdentity("node", repository))),
    },
  };
}

function exactly(identity: ReturnType<typeof laneIdentity>): string {
  if (!("exact" in identity)) throw new TypeError("the identity of a lane is exact");
  return identity.exact;
}
