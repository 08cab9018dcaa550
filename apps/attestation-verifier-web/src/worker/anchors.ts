import type { Anchors } from "@mero-tee/appraisal";
import { DEFAULT_REPOSITORY, laneIdentity } from "@mero-tee/release-artifacts";
import { publicTrustedRoot } from "@mero-tee/release-artifacts/sigstore";

import { ANCHOR_FACTS } from "../anchor-facts.ts";

/** What this build trusts before it has seen anything: Intel's root, Sigstore's keys, the project's workflows. */
export function compiledAnchors(): Anchors {
  return {
    release: {
      trustedRoot: publicTrustedRoot(),
      issuer: ANCHOR_FACTS.issuer,
      identities: { kms: laneIdentity("kms", DEFAULT_REPOSITORY), node: laneIdentity("node", DEFAULT_REPOSITORY) },
    },
    trustAuthority: { issuer: ANCHOR_FACTS.itaIssuer, rootSha256: ANCHOR_FACTS.itaRoots },
    // Nothing was released before this verifier was; its own releases name the newest of each family.
    newestRelease: { kms: null, node: null },
  };
}
