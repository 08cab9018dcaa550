import { createHash } from "node:crypto";
import { describePolicyError, parseReleasePolicy, POLICY_DOCUMENT_LIMIT_BYTES, type Profile } from "@mero-tee/policy";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";
import type { LoadedPolicy, PolicySourceError } from "./policy-source.ts";

/** What a document must be. */
export interface ExpectedDocument {
  readonly profile: Profile;
  /** The release it must name, without prefix; null where no release is configured. */
  readonly tag: string | null;
  /** The digest that pins its bytes, lower-case hex, or null. */
  readonly sha256: string | null;
  /** Whether it is the unprofiled file of old releases, which may leave out role and profile. */
  readonly isLegacyFile: boolean;
}

/**
 * Reads a policy document: size, digest pin, then everything that the policy itself demands. The pin is over the
 * bytes, so it is compared before anything reads them.
 */
export function readPolicyDocument(
  bytes: Uint8Array,
  expected: ExpectedDocument,
): Result<LoadedPolicy, PolicySourceError> {
  if (bytes.length > POLICY_DOCUMENT_LIMIT_BYTES)
    return err({ code: "policy-too-large", reason: "the policy is too large" });
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  if (expected.sha256 !== null && sha256 !== expected.sha256) {
    return err({
      code: "policy-digest-mismatch",
      reason: "the policy is not the pinned one",
      detail: `its SHA-256 is ${sha256}`,
    });
  }
  const { profile, tag, isLegacyFile } = expected;
  const policy = parseReleasePolicy(bytes, { profile, isLegacyFile, ...(tag === null ? {} : { tag }) }, "node");
  if (policy.ok) return ok({ policy: policy.value, sha256 });
  return err({
    code: "policy-refused",
    reason: `the policy is refused: ${policy.error.code}`,
    detail: describePolicyError(policy.error),
  });
}
