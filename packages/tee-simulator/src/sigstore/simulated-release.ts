import { PROFILES } from "@mero-tee/policy";
import {
  ASSET,
  DEFAULT_REPOSITORY,
  GITHUB_ACTIONS_ISSUER,
  laneIdentity,
  policyAsset,
  releaseAssetUrl,
  type SidecarSuffix,
  TAG_PREFIX,
} from "@mero-tee/release-artifacts";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";

import { utf8 } from "../byte-writer.ts";
import { formatDate } from "../civil-time.ts";
import { type GuestProfile, simulatedApplication, simulatedRootHash } from "../measured-boot.ts";
import { SIMULATED_TAG } from "../policy-document.ts";
import type { SimulatedPlatform } from "../simulated-platform.ts";
import type { SimulatedSigstore } from "./simulated-sigstore.ts";

/** A release as its host has it: the files that an appraisal reads, each with its signatures beside it. */
export interface SimulatedRelease {
  readonly lane: "kms" | "node";
  readonly tag: string;
  /** RFC 3339. */
  readonly publishedAt: string;
  /** By name, sidecars included. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

const COMMIT = "0".repeat(40);

/**
 * Makes the KMS release and the node release that the guests of a simulated platform are of, signed as the lanes' workflows
 * sign. Costs about ten signatures for each file.
 *
 * @param now - when they were generated, Unix seconds
 * Source: docs/releases.md.
 */
export function simulatedReleases(
  platform: SimulatedPlatform,
  sigstore: SimulatedSigstore,
  now: number,
): readonly SimulatedRelease[] {
  const publishedAt = formatDate(now);
  const policies = PROFILES.map((profile) => [policyAsset(profile), platform.policyDocumentFor(profile)] as const);
  const alias = policies.find(([name]) => name === policyAsset("locked-read-only"))?.[1] ?? "";
  const digests = new Map(policies.map(([name, text]) => [name, bytesToHex(sha256(utf8(text)))]));
  const documents = {
    kms: new Map([
      ...policies,
      [ASSET.policyAlias, alias],
      [ASSET.compatibilityMap, written(compatibilityMap(publishedAt, digests))],
    ]),
    node: new Map([[ASSET.publishedMrtds as string, written(publishedMrtds(platform, publishedAt))]]),
  };
  return (["kms", "node"] as const).map((lane) => ({
    lane,
    tag: TAG_PREFIX[lane] + SIMULATED_TAG,
    publishedAt,
    files: new Map([...documents[lane]].flatMap(([name, text]) => signedFiles(sigstore, lane, name, utf8(text)))),
  }));
}

function written(document: object): string {
  return `${JSON.stringify(document, null, 2)}\n`;
}

function signedFiles(
  sigstore: SimulatedSigstore,
  lane: "kms" | "node",
  name: string,
  bytes: Uint8Array,
): readonly (readonly [string, Uint8Array])[] {
  const identity = laneIdentity(lane, DEFAULT_REPOSITORY);
  if (!("exact" in identity)) throw new TypeError("the identity of a lane is exact");
  const files = sigstore.sign(bytes, {
    identity: identity.exact,
    issuer: GITHUB_ACTIONS_ISSUER,
    extensions: { sourceRepositoryDigest: COMMIT, buildTrigger: "push", runnerEnvironment: "github-hosted" },
  });
  const sidecars: readonly (readonly [SidecarSuffix, string | null])[] = [
    [".sigstore.json", files.bundle],
    [".bundle.json", files.cosignBundle],
    [".sig", files.signature],
    [".pem", files.certificate],
  ];
  return [
    [name, bytes] as const,
    ...sidecars.flatMap(([suffix, text]) => (text === null ? [] : [[name + suffix, utf8(text)] as const])),
  ];
}

function urlOf(lane: "kms" | "node", asset: string): string {
  return releaseAssetUrl(DEFAULT_REPOSITORY, TAG_PREFIX[lane] + SIMULATED_TAG, asset);
}

function compatibilityMap(generatedAt: string, digests: ReadonlyMap<string, string>): object {
  const entry = (profile: GuestProfile): object => ({
    kms_image_tag: `${SIMULATED_TAG}-${profile}`,
    kms_image_digest: `sha256:${bytesToHex(sha256(utf8(`simulated image, ${profile}`)))}`,
    event_payload: bytesToHex(simulatedApplication(profile).composeHash),
    kms_role: "kms",
    kms_policy_asset: policyAsset(profile),
    kms_policy_url: urlOf("kms", policyAsset(profile)),
    kms_policy_sha256: digests.get(policyAsset(profile)),
    node_role: "node",
    node_profile: profile,
    node_policy_url: urlOf("node", ASSET.publishedMrtds),
  });
  return {
    schema_version: 1,
    tag: SIMULATED_TAG,
    commit_sha: COMMIT,
    generated_at: generatedAt,
    compatibility: {
      version: SIMULATED_TAG,
      roles: { kms: "kms", node: "node" },
      kms_tag: TAG_PREFIX.kms + SIMULATED_TAG,
      kms_policy_source_tag: TAG_PREFIX.kms + SIMULATED_TAG,
      node_image_tag: TAG_PREFIX.node + SIMULATED_TAG,
      kms_policy_url: urlOf("kms", ASSET.policyAlias),
      kms_policy_sha256: digests.get(policyAsset("locked-read-only")),
      node_policy_url: urlOf("node", ASSET.publishedMrtds),
      profiles: Object.fromEntries(PROFILES.map((profile) => [profile, entry(profile)])),
    },
  };
}

function publishedMrtds(platform: SimulatedPlatform, generatedAt: string): object {
  const entry = (profile: GuestProfile): object => {
    const registers = platform.measurementsFor("node", profile);
    const lists = Object.entries(registers).map(([register, value]) => [`allowed_${register}`, [value]]);
    return {
      ...registers,
      root_hash: simulatedRootHash(profile),
      allowed_tcb_statuses: ["UpToDate"],
      ...Object.fromEntries(lists),
    };
  };
  return {
    schema_version: 1,
    role: "node",
    tag: SIMULATED_TAG,
    commit_sha: COMMIT,
    generated_at: generatedAt,
    profiles: Object.fromEntries(PROFILES.map((profile) => [profile, entry(profile)])),
  };
}
