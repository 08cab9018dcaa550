import type { Profile } from "@mero-tee/policy";

import { ASSET } from "./asset-names.ts";
import type { AttestationPolicyDocument } from "./documents/attestation-policy.ts";
import type { PublishedMrtds } from "./documents/published-mrtds.ts";
import { LIST_NAMES, listsOf } from "./documents/release-fields.ts";
import { sameJson } from "./same-json.ts";

/** The measurements that a node release publishes, and the SHA-256 (lower-case hex) of the file that they were read from. */
export interface PublishedNodeValues {
  readonly sha256: string;
  readonly value: PublishedMrtds;
}

/**
 * What a policy says about nodes of one profile that is not what the node release publishes, value for value: the digest that
 * it names, the six lists, and where it has them the complete sets.
 *
 * @returns one clause for each difference; empty where policy and node release agree
 * Source: docs/releases.md, rule X-08.
 */
export function nodeValueDifferences(
  policy: AttestationPolicyDocument,
  profile: Profile,
  node: PublishedNodeValues,
): readonly string[] {
  const differences: string[] = [];
  if (policy.node_policy?.sha256 !== node.sha256) {
    differences.push(`node_policy.sha256 is not the digest of the node release's ${ASSET.publishedMrtds}`);
  }
  const published = listsOf(node.value.profiles[profile], "allowed");
  const own = listsOf(policy.policy, "node_allowed");
  for (const name of LIST_NAMES) {
    if (sameJson(own[name], published[name])) continue;
    differences.push(`policy.node_allowed_${name} is not what the node release publishes`);
  }
  const sets = node.value.measurement_sets?.filter((each) => each.profile === profile);
  const { node_measurement_sets: ownSets } = policy.policy;
  if (ownSets !== undefined && !sameJson(ownSets, sets)) {
    differences.push("policy.node_measurement_sets are not what the node release publishes");
  }
  return differences;
}
