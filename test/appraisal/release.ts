import { PROFILES, type Profile } from "../../packages/policy/src/index.ts";
import {
  ASSET,
  GITHUB_ACTIONS_ISSUER,
  laneIdentity,
  policyAsset,
  type SidecarSuffix,
} from "../../packages/release-artifacts/src/index.ts";
import { toHex } from "../../packages/tdx-quote/src/hex.ts";
import {
  type SimulatedPlatform,
  simulatedApplication,
  simulatedRootHash,
} from "../../packages/tee-simulator/src/index.ts";
import type { SimulatedSigstore } from "../../packages/tee-simulator/src/sigstore/index.ts";
import { createHash } from "node:crypto";
import type { AttesterKind, ReleaseAsset, ReleaseMaterial } from "../../packages/appraisal/src/index.ts";

export const REPOSITORY = "calimero-network/mero-tee";
const VERSION = "2.4.0";
const COMMIT = "0".repeat(40);
const GENERATED_AT = "2026-10-31T00:00:00Z";

/** JSON that a test changes before it is signed. */
export type Document = Record<string, unknown>;

function workflowOf(lane: AttesterKind): string {
  const identity = laneIdentity(lane, REPOSITORY);
  return "exact" in identity ? identity.exact : identity.pattern;
}

/** How an asset of a test is signed. */
interface Signing {
  readonly identity?: string;
  readonly issuer?: string;
  readonly commit?: string;
  readonly trigger?: string;
  /** Default: the bundle alone. */
  readonly forms?: readonly SidecarSuffix[];
  readonly defect?: string;
}

/** Signs a file as the lane's workflow does. */
function signedAsset(
  sigstore: SimulatedSigstore,
  lane: AttesterKind,
  name: string,
  document: Document,
  { identity, issuer, commit = COMMIT, trigger = "push", forms = [".sigstore.json"], defect }: Signing = {},
): ReleaseAsset {
  const bytes = new TextEncoder().encode(`${JSON.stringify(document, null, 2)}\n`);
  const files = sigstore.sign(bytes, {
    identity: identity ?? workflowOf(lane),
    issuer: issuer ?? GITHUB_ACTIONS_ISSUER,
    extensions: { sourceRepositoryDigest: commit, buildTrigger: trigger, runnerEnvironment: "github-hosted" },
    ...(defect === undefined ? {} : { defect }),
  });
  const contents: Readonly<Record<SidecarSuffix, string>> = {
    ".sigstore.json": files.bundle,
    ".bundle.json": files.cosignBundle ?? "",
    ".sig": files.signature,
    ".pem": files.certificate,
  };
  return { name, bytes, sidecars: new Map(forms.map((form) => [form, new TextEncoder().encode(contents[form])])) };
}

/** What a test does to a release before it is signed. */
export interface ReleaseChanges {
  readonly version?: string;
  readonly policy?: (document: Document, profile: Profile) => void;
  readonly map?: (document: Document) => void;
  readonly published?: (document: Document) => void;
  readonly signing?: Signing;
  readonly withdrawn?: string;
}

function material(lane: AttesterKind, assets: readonly ReleaseAsset[], changes: ReleaseChanges): ReleaseMaterial {
  const prefix = lane === "kms" ? "mero-kms-v" : "mero-tee-v";
  return {
    tag: `${prefix}${changes.version ?? VERSION}`,
    origin: "published",
    publishedAt: GENERATED_AT,
    withdrawn: changes.withdrawn ?? null,
    assets,
  };
}

function sha256Hex(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** The KMS release that the simulated KMS guests are of. */
export function kmsRelease(
  platform: SimulatedPlatform,
  sigstore: SimulatedSigstore,
  changes: ReleaseChanges = {},
): ReleaseMaterial {
  const version = changes.version ?? VERSION;
  const policies = PROFILES.map((profile) => {
    const document: Document = JSON.parse(platform.policyDocumentFor(profile, { tag: version }));
    changes.policy?.(document, profile);
    return signedAsset(sigstore, "kms", policyAsset(profile), document, changes.signing);
  });
  const url = (lane: AttesterKind, asset: string): string =>
    `https://github.com/${REPOSITORY}/releases/download/${lane === "kms" ? "mero-kms-v" : "mero-tee-v"}${version}/${asset}`;
  const profiles = Object.fromEntries(
    PROFILES.map((profile, index) => [
      profile,
      {
        kms_image_tag: `${version}-${profile}`,
        kms_image_digest: `sha256:${String(index).repeat(64)}`,
        event_payload: toHex(simulatedApplication(profile).composeHash),
        kms_role: "kms",
        kms_policy_asset: policyAsset(profile),
        kms_policy_url: url("kms", policyAsset(profile)),
        kms_policy_sha256: sha256Hex(policies[index]?.bytes ?? new Uint8Array(0)),
        node_role: "node",
        node_profile: profile,
        node_policy_url: url("node", ASSET.publishedMrtds),
      },
    ]),
  );
  const map: Document = {
    schema_version: 1,
    tag: version,
    commit_sha: COMMIT,
    generated_at: GENERATED_AT,
    compatibility: {
      version,
      roles: { kms: "kms", node: "node" },
      kms_tag: `mero-kms-v${version}`,
      kms_policy_source_tag: `mero-kms-v${version}`,
      node_image_tag: `mero-tee-v${version}`,
      kms_policy_url: url("kms", ASSET.policyAlias),
      node_policy_url: url("node", ASSET.publishedMrtds),
      profiles,
    },
  };
  changes.map?.(map);
  return material(
    "kms",
    [...policies, signedAsset(sigstore, "kms", ASSET.compatibilityMap, map, changes.signing)],
    changes,
  );
}

/** The node release that the simulated nodes are of. */
export function nodeRelease(
  platform: SimulatedPlatform,
  sigstore: SimulatedSigstore,
  changes: ReleaseChanges = {},
): ReleaseMaterial {
  const profiles = Object.fromEntries(
    PROFILES.map((profile) => {
      const { mrtd, rtmr0, rtmr1, rtmr2, rtmr3 } = platform.measurementsFor("node", profile);
      const lists = {
        allowed_tcb_statuses: ["UpToDate"],
        allowed_mrtd: [mrtd],
        allowed_rtmr0: [rtmr0],
        allowed_rtmr1: [rtmr1],
        allowed_rtmr2: [rtmr2],
        allowed_rtmr3: [rtmr3],
      };
      return [profile, { mrtd, rtmr0, rtmr1, rtmr2, rtmr3, root_hash: simulatedRootHash(profile), ...lists }];
    }),
  );
  const document: Document = {
    schema_version: 1,
    role: "node",
    tag: changes.version ?? VERSION,
    commit_sha: COMMIT,
    generated_at: GENERATED_AT,
    profiles,
  };
  changes.published?.(document);
  return material("node", [signedAsset(sigstore, "node", ASSET.publishedMrtds, document, changes.signing)], changes);
}
