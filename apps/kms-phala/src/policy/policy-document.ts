import { createHash } from "node:crypto";
import {
  type AppraisalPolicy,
  describePolicyError,
  parseReleasePolicy,
  type Profile,
  quoteForeignText,
} from "@mero-tee/policy";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";
import { compareVersions, parseReleaseVersion } from "../config/release-version.ts";
import type { PolicySourceError } from "./policy-source.ts";

/** What a document must be. */
export interface ExpectedDocument {
  readonly profile: Profile;
  /** The release it must name, without prefix; null where no release is configured. */
  readonly tag: string | null;
  /** The oldest release whose policy is taken, without prefix; null where any is. */
  readonly oldest: string | null;
  /** Whether it is the unprofiled file of old releases, which may leave out role and profile. */
  readonly isLegacyFile: boolean;
}

/** SHA-256 as lower-case hex. */
export function sha256Hex(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/**
 * Compares a document with the digest that pins its bytes. That is done before anything reads them.
 *
 * @param pin - lower-case hex, or null where nothing is pinned
 * @returns the document's own digest
 */
export function matchPin(bytes: Uint8Array, pin: string | null): Result<string, PolicySourceError> {
  const sha256 = sha256Hex(bytes);
  if (pin === null || sha256 === pin) return ok(sha256);
  return err({
    code: "policy-digest-mismatch",
    reason: "the policy is not the pinned one",
    detail: `its SHA-256 is ${sha256}`,
  });
}

/** Reads the values for nodes out of a policy document: everything that the policy itself demands, then its age. */
export function readPolicyDocument(
  bytes: Uint8Array,
  { profile, tag, oldest, isLegacyFile }: ExpectedDocument,
): Result<AppraisalPolicy, PolicySourceError> {
  const policy = parseReleasePolicy(bytes, { profile, isLegacyFile, ...(tag === null ? {} : { tag }) }, "node");
  if (!policy.ok) {
    return err({
      code: "policy-refused",
      reason: `the policy is refused: ${policy.error.code}`,
      detail: describePolicyError(policy.error),
    });
  }
  return oldest === null || isAtLeast(policy.value.tag, oldest) ? policy : tooOld(policy.value.tag, oldest);
}

/** Whether a document of that tag is of the release `oldest` or a later one; one without a version is of none. */
function isAtLeast(tag: string | null, oldest: string): boolean {
  const version = parseReleaseVersion(tag ?? "");
  return version.ok && compareVersions(version.value, oldest) >= 0;
}

function tooOld(tag: string | null, oldest: string): Result<never, PolicySourceError> {
  return err({
    code: "policy-too-old",
    reason: "the policy is older than this image",
    detail: `it is of ${tag === null ? "no release" : quoteForeignText(tag)}, the image was built as ${oldest}`,
  });
}
