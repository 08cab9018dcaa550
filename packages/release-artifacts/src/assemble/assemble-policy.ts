import { DEFAULT_BINDING_LABEL, type Profile } from "@mero-tee/policy";
import { toBase64 } from "@mero-tee/tdx-quote/base64";
import { toHex } from "@mero-tee/tdx-quote/hex";
import { sha256 } from "@noble/hashes/sha2.js";

import { ASSET } from "../asset-names.ts";
import type { AppIdentity } from "../documents/app-identity.ts";
import type { AttestationPolicyDocument } from "../documents/attestation-policy.ts";
import type { MeasurementCandidates } from "../documents/measurement-candidates.ts";
import type { PublishedMrtds } from "../documents/published-mrtds.ts";
import { releaseAssetUrl } from "../release-url.ts";
import { releaseTag } from "../release-version.ts";
import { digestOfText, type ReleaseOrigin, stamp } from "./assembly.ts";

/** Where bytes of report data come from. */
export const REPORT_DATA_LAYOUT = { bytes_0_31: "nonce", bytes_32_63: "binding_or_default_domain_separator" } as const;
/** How the values of a policy came to be. */
export const REGISTRY_ENTRY = "release-probe+node";

/** What the policy of one profile is made from. */
export interface PolicyAssembly extends ReleaseOrigin {
  readonly profile: Profile;
  /** What a probe of the KMS saw. */
  readonly candidates: MeasurementCandidates;
  /** What the node release publishes, and its bytes as text. */
  readonly nodeRelease: { readonly document: PublishedMrtds; readonly text: string };
  /** What the probe proved about the application; without it the policy is not ready. */
  readonly identity?: AppIdentity;
  /** The key service that the KMS must run under. */
  readonly keyProvider?: { readonly name: string; readonly id: string };
}

/**
 * Makes the policy of one profile: what nodes demand of a KMS that a probe saw, and what the KMS demands of nodes that a release
 * publishes.
 *
 * Source: docs/releases.md.
 */
export function assemblePolicy(assembly: PolicyAssembly): AttestationPolicyDocument {
  const { profile, candidates, nodeRelease, identity, version, repository } = assembly;
  const kms = candidates.policy;
  const node = nodeRelease.document.profiles[profile];
  const sets = nodeRelease.document.measurement_sets?.filter((set) => set.profile === profile);
  const binding = sha256(new TextEncoder().encode(DEFAULT_BINDING_LABEL));
  return {
    schema_version: 1,
    role: "kms",
    profile,
    status: identity === undefined ? "policy_not_ready" : "ready",
    ...stamp(assembly),
    source: { repository, workflow: "Release mero-kms", ref: "refs/heads/master" },
    policy_registry_entry_path: REGISTRY_ENTRY,
    node_policy: {
      url: releaseAssetUrl(repository, releaseTag("node", version), ASSET.publishedMrtds),
      sha256: digestOfText(nodeRelease.text),
    },
    measurement_markers: {
      kms_role: "calimero.role=kms",
      node_role: "calimero.role=node",
      node_profile_key: "calimero.profile",
      node_root_hash_key: "calimero.root_hash",
    },
    kms: {
      provider: "mero-kms-phala",
      attest_endpoint: "/attest",
      report_data_layout: REPORT_DATA_LAYOUT,
      default_binding_hex: toHex(binding),
      default_binding_b64: toBase64(binding),
    },
    policy: {
      kms_allowed_tcb_statuses: kms.allowed_tcb_statuses,
      kms_allowed_mrtd: kms.allowed_mrtd,
      kms_allowed_rtmr0: kms.allowed_rtmr0,
      kms_allowed_rtmr1: kms.allowed_rtmr1,
      kms_allowed_rtmr2: kms.allowed_rtmr2,
      kms_allowed_rtmr3: kms.allowed_rtmr3,
      kms_rtmr3_mode: "event-log",
      kms_allowed_event_payload: identity === undefined ? [] : [identity.compose_hash],
      ...(assembly.keyProvider === undefined ? {} : { kms_key_provider: assembly.keyProvider }),
      node_allowed_tcb_statuses: node.allowed_tcb_statuses,
      node_allowed_mrtd: node.allowed_mrtd,
      node_allowed_rtmr0: node.allowed_rtmr0,
      node_allowed_rtmr1: node.allowed_rtmr1,
      node_allowed_rtmr2: node.allowed_rtmr2,
      node_allowed_rtmr3: node.allowed_rtmr3,
      ...(sets === undefined ? {} : { node_measurement_sets: sets }),
      allowed_tcb_statuses: kms.allowed_tcb_statuses,
      allowed_mrtd: kms.allowed_mrtd,
      allowed_rtmr0: kms.allowed_rtmr0,
      allowed_rtmr1: kms.allowed_rtmr1,
      allowed_rtmr2: kms.allowed_rtmr2,
      allowed_rtmr3: kms.allowed_rtmr3,
    },
    merod_config_path: "tee.kms.phala.attestation",
  };
}
