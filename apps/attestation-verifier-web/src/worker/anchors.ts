import type { Anchors } from "@mero-tee/appraisal";
import { DEFAULT_REPOSITORY, laneIdentity } from "@mero-tee/release-artifacts";
import { publicTrustedRoot } from "@mero-tee/release-artifacts/sigstore";

import { ANCHOR_FACTS } from "../anchor-facts.ts";

/** What this build trusts before it has seen anything: Intel's root, Sigstore's keys, the project's workflows. */
export function compiledAnchors(): Anchors {
  return {
    release: {
      trustedRoot: publicTrustedRoot(),
      trustedRootTakenAt: ANCHOR_FACTS.sigstoreRootTakenAt,
      issuer: ANCHOR_FACTS.issuer,
      identities: { kms: laneIdentity("kms", DEFAULT_REPOSITORY), node: laneIdentity("node", DEFAULT_REPOSITORY) },
    },
    trustAuthority: ANCHOR_FACTS.trustAuthority,
    newestRelease: ANCHOR_FACTS.newest,
  };
}
