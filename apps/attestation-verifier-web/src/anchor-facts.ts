import { INTEL_TRUST_AUTHORITY, type KnownRelease } from "@mero-tee/appraisal";
import { DEFAULT_REPOSITORY, GITHUB_ACTIONS_ISSUER, laneIdentity } from "@mero-tee/release-artifacts";
import { PUBLIC_TRUSTED_ROOT_TAKEN_AT } from "@mero-tee/release-artifacts/sigstore";

import { BUILD } from "./build-facts.ts";

/** What this build trusts in advance, as it is shown. */
export const ANCHOR_FACTS = {
  /** SHA-256 of the DER of the Intel SGX Root CA. Source: docs/verifier.md. */
  intelRootSha256: "44a0196b2b99f889b8e149e95b807a350e7424964399e885a7cbb8ccfab674d3",
  sigstoreRootTakenAt: PUBLIC_TRUSTED_ROOT_TAKEN_AT,
  signers: {
    kms: identityOf("kms"),
    node: identityOf("node"),
  },
  issuer: GITHUB_ACTIONS_ISSUER,
  trustAuthority: INTEL_TRUST_AUTHORITY,
  newest: { kms: knownRelease("kms"), node: knownRelease("node") },
} as const;

/** The newest release in the catalog that this was built with; null where that has none. */
function knownRelease(lane: "kms" | "node"): KnownRelease | null {
  const tag = BUILD.newest[lane];
  return tag === null ? null : { tag, knownAt: BUILD.committedAt };
}

function identityOf(lane: "kms" | "node"): string {
  const identity = laneIdentity(lane, DEFAULT_REPOSITORY);
  return "exact" in identity ? identity.exact : "";
}
