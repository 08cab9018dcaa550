import { DEFAULT_REPOSITORY, GITHUB_ACTIONS_ISSUER, laneIdentity } from "@mero-tee/release-artifacts";
import { PUBLIC_TRUSTED_ROOT_TAKEN_AT } from "@mero-tee/release-artifacts/sigstore";

/** What this build trusts in advance, as it is shown. */
export const ANCHOR_FACTS = {
  /** SHA-256 of the DER of the Intel SGX Root CA. Source: mero-tee public attestation verifier, trust anchors. */
  intelRootSha256: "44a0196b2b99f889b8e149e95b807a350e7424964399e885a7cbb8ccfab674d3",
  sigstoreRootTakenAt: PUBLIC_TRUSTED_ROOT_TAKEN_AT,
  signers: {
    kms: identityOf("kms"),
    node: identityOf("node"),
  },
  issuer: GITHUB_ACTIONS_ISSUER,
  itaIssuer: "https://portal.trustauthority.intel.com",
  /** None: until Intel's root of token signers is pinned here, its opinion is information only. */
  itaRoots: [] as readonly string[],
} as const;

function identityOf(lane: "kms" | "node"): string {
  const identity = laneIdentity(lane, DEFAULT_REPOSITORY);
  return "exact" in identity ? identity.exact : "";
}
