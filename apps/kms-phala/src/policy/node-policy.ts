import type { Profile } from "@mero-tee/policy";
import {
  ASSET,
  type AttestationPolicyDocument,
  describeDocumentProblem,
  DOCUMENT_SHAPES,
  type DocumentProblem,
  nodeValueDifferences,
  parseDocument,
  policyAsset,
  type PublishedMrtds,
} from "@mero-tee/release-artifacts";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";
import { sha256Hex } from "./policy-document.ts";
import type { PolicySourceError } from "./policy-source.ts";

/**
 * Compares a policy with the measurements that the node release publishes, whose digest is pinned: then the composition that
 * carries the pin decides which nodes get keys, and whoever can run the release workflow cannot change it.
 *
 * @param policy - the policy document
 * @param published - `published-mrtds.json` of the node release
 * @param pin - SHA-256 of those bytes, lower-case hex
 * Errors: `node-policy-digest-mismatch`, `node-policy-malformed`, `node-policy-mismatch`.
 * Source: docs/releases.md, rule X-08.
 */
export function matchNodePolicy(
  policy: Uint8Array,
  published: Uint8Array,
  pin: string,
  profile: Profile,
): Result<null, PolicySourceError> {
  const sha256 = sha256Hex(published);
  if (sha256 !== pin) {
    return err({
      code: "node-policy-digest-mismatch",
      reason: "the measurements of the node release are not the pinned ones",
      detail: `their SHA-256 is ${sha256}`,
    });
  }
  const node = parseDocument(ASSET.publishedMrtds, published, DOCUMENT_SHAPES.publishedMrtds);
  if (!node.ok) return malformed(node.error);
  const document = parseDocument(policyAsset(profile), policy, DOCUMENT_SHAPES.attestationPolicy);
  if (!document.ok) return malformed(document.error);
  const differences = [
    ...nodeValueDifferences(document.value.value, profile, { sha256, value: node.value.value }),
    ...lackOfSets(document.value.value, node.value.value, profile),
  ];
  return differences.length === 0
    ? ok(null)
    : err({
        code: "node-policy-mismatch",
        reason: "the policy is not what the pinned node release publishes",
        detail: differences.join("; "),
      });
}

// Without the sets the lists decide, and those accept mixtures of images that the pinned release never published.
function lackOfSets(
  { policy }: AttestationPolicyDocument,
  { measurement_sets: published = [] }: PublishedMrtds,
  profile: Profile,
): readonly string[] {
  const lacks = policy.node_measurement_sets === undefined && published.some((each) => each.profile === profile);
  return lacks ? ["policy.node_measurement_sets are missing, which the node release publishes"] : [];
}

function malformed([problem]: readonly DocumentProblem[]): Result<never, PolicySourceError> {
  return err({
    code: "node-policy-malformed",
    reason: "the measurements of the node release cannot be compared with the policy",
    ...(problem === undefined ? {} : { detail: describeDocumentProblem(problem) }),
  });
}
