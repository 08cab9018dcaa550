import {
  type AppraisalPolicy,
  describePolicyError,
  ENVIRONMENT_POLICY_VARIABLES,
  policyFromEnvironment,
  type Profile,
} from "@mero-tee/policy";
import { DEFAULT_REPOSITORY } from "@mero-tee/release-artifacts";
import type { ProfileChoice } from "./image-profile.ts";
import { compareVersions } from "./release-version.ts";
import { isPinRefusing, type SettingsReader } from "./settings.ts";

/** What a policy document has to hold against. Digests are lower-case hex, versions are without prefix. */
interface DocumentChoice {
  /** Pins its exact bytes. */
  readonly sha256: string | null;
  /** Pins the measurements of the node release, with which it must agree. */
  readonly nodeSha256: string | null;
  /** The oldest release whose policy is taken. */
  readonly oldest: string | null;
  readonly isSignatureRequired: boolean;
  /** Whose release workflow signs it, `OWNER/NAME`. */
  readonly repository: string;
}

/** Where the policy for nodes comes from. */
export type PolicyChoice =
  | { readonly kind: "environment"; readonly policy: AppraisalPolicy }
  | ({ readonly kind: "file"; readonly path: string; readonly tag: string | null } & DocumentChoice)
  | ({ readonly kind: "release"; readonly version: string; readonly releasesUrl: string | null } & DocumentChoice)
  | { readonly kind: "none" };

/**
 * Reads the choice of the policy: the environment's `ALLOWED_*` lists, a release-shaped local file, a release to
 * download, or none. What belongs to a source is parsed even when another one is in force, so that a mistake in it never
 * waits for the day somebody switches.
 */
export function choosePolicy(settings: SettingsReader, image: ProfileChoice, builtAs: string): PolicyChoice {
  const useEnvironment = settings.value("USE_ENV_POLICY");
  const environmentPolicy = readEnvironmentPolicy(settings, useEnvironment, image.profile);
  const path = settings.value("MERO_KMS_POLICY_FILE");
  const sha256 = settings.value("MERO_KMS_POLICY_SHA256");
  const nodeSha256 = settings.value("MERO_NODE_POLICY_SHA256");
  const repository = readRepository(settings, image);
  const releasesUrl = settings.value("MERO_TEE_RELEASES_URL");
  const isLocked = image.isPinned && image.profile === "locked-read-only";
  if (useEnvironment) {
    // A pin that is not compared would leave an operator with less than was asked for.
    for (const name of ["MERO_KMS_POLICY_FILE", "MERO_NODE_POLICY_SHA256"] as const) {
      if (settings.text(name) === undefined) continue;
      settings.refuse("setting-conflict", name, "cannot be combined with USE_ENV_POLICY=true");
    }
    for (const name of ["MERO_KMS_VERSION", "MERO_KMS_POLICY_SHA256"] as const) {
      if (settings.text(name) !== undefined) settings.warn(`${name} is not used while USE_ENV_POLICY is true`);
    }
    if (isLocked)
      settings.warn("USE_ENV_POLICY is true: the policy is signed by nobody, whoever sets ALLOWED_* decides");
    return environmentPolicy === null ? { kind: "none" } : { kind: "environment", policy: environmentPolicy };
  }
  const version = settings.value("MERO_KMS_VERSION");
  const oldest = isPinRefusing("MERO_KMS_VERSION", image) ? builtAs : null;
  const document = { sha256, nodeSha256, oldest, repository };
  if (oldest !== null && version !== null && compareVersions(version, oldest) < 0) {
    const message = `is older than this image, which was built as ${oldest}`;
    settings.refuse("setting-forbidden-by-pin", "MERO_KMS_VERSION", message);
  }
  const choice: PolicyChoice =
    path !== null
      ? { kind: "file", path, tag: version, isSignatureRequired: isLocked, ...document }
      : version === null
        ? { kind: "none" }
        : { kind: "release", version, releasesUrl, isSignatureRequired: true, ...document };
  const isPinned = sha256 !== null || nodeSha256 !== null;
  if (choice.kind !== "none" && !isPinned && isPinRefusing("MERO_NODE_POLICY_SHA256", image)) refuseUnpinned(settings);
  return choice;
}

// The repository decides whose signature counts. An image that is pinned has that compiled in, like its root certificates.
function readRepository(settings: SettingsReader, image: ProfileChoice): string {
  const repository = settings.value("MERO_TEE_REPOSITORY");
  if (repository === DEFAULT_REPOSITORY) return repository;
  if (isPinRefusing("MERO_TEE_REPOSITORY", image)) {
    const message = `other than ${DEFAULT_REPOSITORY} is refused on any image with a profile pin`;
    settings.refuse("setting-forbidden-by-pin", "MERO_TEE_REPOSITORY", message);
  }
  settings.warn(`MERO_TEE_REPOSITORY: policies are those that ${repository} signs, not ${DEFAULT_REPOSITORY}`);
  return repository;
}

// A signature alone would let whoever can run the release workflow change which nodes a deployed KMS accepts. A digest in the
// composition, which is measured, does not change without a new measurement.
function refuseUnpinned(settings: SettingsReader): void {
  settings.refuse(
    "setting-required-by-pin",
    "MERO_NODE_POLICY_SHA256",
    "or MERO_KMS_POLICY_SHA256 is required on an image pinned to locked-read-only",
  );
}

function readEnvironmentPolicy(settings: SettingsReader, isInForce: boolean, profile: Profile): AppraisalPolicy | null {
  const values = Object.fromEntries(ENVIRONMENT_POLICY_VARIABLES.map((name) => [name, settings.text(name)]));
  if (!isInForce && Object.values(values).every((value) => value === undefined)) return null;
  const policy = policyFromEnvironment(values, profile);
  if (!policy.ok) {
    for (const error of policy.error) {
      // `ALLOWED_MRTD[2]` is an entry of `ALLOWED_MRTD`; the sentence says which.
      const variable = "field" in error ? error.field.replace(/\[.*/, "") : "USE_ENV_POLICY";
      settings.refuse("setting-malformed", variable, describePolicyError(error).replace(/\.$/, ""));
    }
    return null;
  }
  if (!isInForce) settings.warn("ALLOWED_* variables are set but not used, since USE_ENV_POLICY is not true");
  return policy.value;
}
