import {
  type AppraisalPolicy,
  describePolicyError,
  ENVIRONMENT_POLICY_VARIABLES,
  policyFromEnvironment,
  type Profile,
} from "@mero-tee/policy";
import type { ProfileChoice } from "./image-profile.ts";
import { compareVersions, parseReleaseVersion } from "./release-version.ts";
import { parseAbsolutePath, parseBoolean, parseSha256 } from "./scalars.ts";
import type { SettingsReader } from "./settings.ts";

/** Where the policy for nodes comes from. `sha256` (lower-case hex) pins the exact bytes; `tag` is a version without prefix. */
export type PolicyChoice =
  | { readonly kind: "environment"; readonly policy: AppraisalPolicy }
  | { readonly kind: "file"; readonly path: string; readonly tag: string | null; readonly sha256: string | null }
  | { readonly kind: "release"; readonly version: string; readonly sha256: string | null }
  | { readonly kind: "none" };

/**
 * Reads the choice of the policy: the environment's `ALLOWED_*` lists, a release-shaped local file, a release to
 * download, or none. The lists are parsed even when another source is in force, so that a mistake in them never waits
 * for the day somebody switches.
 */
export function choosePolicy(settings: SettingsReader, image: ProfileChoice, builtAs: string): PolicyChoice {
  const useEnvironment = settings.value("USE_ENV_POLICY", parseBoolean, false);
  const environmentPolicy = readEnvironmentPolicy(settings, useEnvironment, image.profile);
  const path = settings.value<string | null>("MERO_KMS_POLICY_FILE", parseAbsolutePath, null);
  const sha256 = settings.value<string | null>("MERO_KMS_POLICY_SHA256", parseSha256, null);
  if (useEnvironment) {
    if (path !== null) {
      settings.refuse("setting-conflict", "MERO_KMS_POLICY_FILE", "cannot be combined with USE_ENV_POLICY=true");
    }
    for (const name of ["MERO_KMS_VERSION", "MERO_KMS_POLICY_SHA256"]) {
      if (settings.text(name) !== undefined) settings.warn(`${name} is not used while USE_ENV_POLICY is true`);
    }
    return environmentPolicy === null ? { kind: "none" } : { kind: "environment", policy: environmentPolicy };
  }
  const version = settings.value<string | null>("MERO_KMS_VERSION", parseReleaseVersion, null);
  const choice: PolicyChoice =
    path !== null
      ? { kind: "file", path, tag: version, sha256 }
      : version === null
        ? { kind: "none" }
        : { kind: "release", version, sha256 };
  if (image.isPinned && image.profile === "locked-read-only") refuseWeakChoice(settings, choice, version, builtAs);
  return choice;
}

function readEnvironmentPolicy(settings: SettingsReader, isInForce: boolean, profile: Profile): AppraisalPolicy | null {
  const values = Object.fromEntries(ENVIRONMENT_POLICY_VARIABLES.map((name) => [name, settings.text(name)]));
  if (!isInForce && Object.values(values).every((value) => value === undefined)) return null;
  const policy = policyFromEnvironment(values, profile);
  if (!policy.ok) {
    for (const error of policy.error) {
      // `ALLOWED_MRTD[2]` is an entry of `ALLOWED_MRTD`; the sentence says which.
      const variable = "field" in error ? error.field.replace(/\[.*/, "") : "USE_ENV_POLICY";
      settings.refuse("setting-malformed", variable, describePolicyError(error));
    }
    return null;
  }
  if (!isInForce) settings.warn("ALLOWED_* variables are set but not used, since USE_ENV_POLICY is not true");
  return policy.value;
}

// Disks of a confidential VM can be rolled back and a download can be answered by others: on a locked image only
// compiled-in bytes and an exact digest bind which policy it is.
function refuseWeakChoice(
  settings: SettingsReader,
  choice: PolicyChoice,
  version: string | null,
  builtAs: string,
): void {
  if ((choice.kind === "release" || choice.kind === "file") && choice.sha256 === null) {
    settings.refuse(
      "setting-required-by-pin",
      "MERO_KMS_POLICY_SHA256",
      "is required on an image pinned to locked-read-only",
    );
  }
  if (version !== null && compareVersions(version, builtAs) < 0) {
    settings.refuse(
      "setting-forbidden-by-pin",
      "MERO_KMS_VERSION",
      `is older than this image, which was built as ${builtAs}`,
    );
  }
}
