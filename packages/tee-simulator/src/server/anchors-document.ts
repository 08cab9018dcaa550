import { DEFAULT_REPOSITORY, GITHUB_ACTIONS_ISSUER, laneIdentity } from "@mero-tee/release-artifacts";

import type { RunningSimulator } from "./start-simulator.ts";

/**
 * Everything that a verifier of this platform's world trusts in advance, in place of what it has compiled in: as JSON text,
 * for the simulated build of the public verifier.
 */
export async function anchorsDocument({
  platform,
  sigstore,
  trustAuthority,
}: Pick<RunningSimulator, "platform" | "sigstore" | "trustAuthority">): Promise<string> {
  const authority = await trustAuthority();
  return JSON.stringify({
    root_ca_pem: platform.rootCaPem,
    sigstore_trusted_root: JSON.parse(sigstore().trustedRoot),
    signer_issuer: GITHUB_ACTIONS_ISSUER,
    signer_identity_kms: identityOf("kms"),
    signer_identity_node: identityOf("node"),
    ita_issuer: authority.issuer,
    ita_root_sha256: [authority.rootSha256],
  });
}

function identityOf(lane: "kms" | "node"): string {
  const identity = laneIdentity(lane, DEFAULT_REPOSITORY);
  return "exact" in identity ? identity.exact : identity.pattern;
}
