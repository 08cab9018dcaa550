import { type MeasurementSet, type Profile, PROFILES } from "@mero-tee/policy";
import { ok, type Result } from "@mero-tee/tdx-quote/result";

import { ASSET, CHECKSUMS_ASSET, nodeProbeAssets } from "../asset-names.ts";
import type { DocumentProblem } from "../documents/document-problem.ts";
import type { MeasurementCandidates } from "../documents/measurement-candidates.ts";
import type { MrtdRecord } from "../documents/mrtd-record.ts";
import type { ProfileProvenance } from "../documents/profile-provenance.ts";
import type { PublishedMrtds, PublishedProfile } from "../documents/published-mrtds.ts";
import type { PerProfile } from "../documents/release-fields.ts";
import type { ReleaseProvenance } from "../documents/release-provenance.ts";
import { releaseAssetUrl } from "../release-url.ts";
import { releaseTag } from "../release-version.ts";
import {
  type AssembledFiles,
  checksumsOver,
  type GivenAsset,
  purposesOf,
  type ReleaseOrigin,
  writeDocument,
} from "./assembly.ts";

/** What the probe of one profile left. */
export interface NodeProbe {
  readonly candidates: MeasurementCandidates;
  readonly mrtd: MrtdRecord;
  readonly provenance: ProfileProvenance;
  /** dm-verity root hash of the image. */
  readonly rootHash: string;
}

/** What a node release is assembled from. */
export interface NodeAssembly extends ReleaseOrigin {
  readonly probes: PerProfile<NodeProbe>;
  /** SBOMs and conformance reports. */
  readonly given: readonly GivenAsset[];
}

/**
 * Assembles the documents of a node release from what its probes saw: measurements with their complete tuples, provenance,
 * checksums. The same arguments give the same bytes.
 *
 * Errors: values that no document of a release may hold, by the file that they would have been in.
 * Source: docs/releases.md.
 */
export function assembleNode(assembly: NodeAssembly): Result<AssembledFiles, readonly DocumentProblem[]> {
  const files = new Map<string, string>();
  for (const profile of PROFILES) {
    const names = nodeProbeAssets(profile);
    const { candidates, mrtd, provenance } = assembly.probes[profile];
    const written = [
      [names.mrtd, writeDocument(names.mrtd, "mrtdRecord", mrtd)],
      [names.provenance, writeDocument(names.provenance, "profileProvenance", provenance)],
      [names.candidates, writeDocument(names.candidates, "measurementCandidates", candidates)],
    ] as const;
    for (const [name, document] of written) {
      if (!document.ok) return document;
      files.set(name, document.value.text);
    }
  }
  const published = publishedOf(assembly);
  const mrtds = writeDocument(ASSET.publishedMrtds, "publishedMrtds", published);
  if (!mrtds.ok) return mrtds;
  files.set(ASSET.publishedMrtds, mrtds.value.text);
  const provenance = writeDocument(
    ASSET.releaseProvenance,
    "releaseProvenance",
    provenanceOf(assembly, published, [...files.keys()]),
  );
  if (!provenance.ok) return provenance;
  files.set(ASSET.releaseProvenance, provenance.value.text);
  files.set(CHECKSUMS_ASSET.node, checksumsOver(assembly.given, files));
  return ok(files);
}

function publishedOf({ probes, version, commit, generatedAt }: NodeAssembly): PublishedMrtds {
  const profiles: PerProfile<PublishedProfile> = {
    debug: profileOf(probes.debug),
    "debug-read-only": profileOf(probes["debug-read-only"]),
    "locked-read-only": profileOf(probes["locked-read-only"]),
  };
  return {
    schema_version: 1,
    role: "node",
    tag: version,
    commit_sha: commit,
    generated_at: generatedAt,
    measurement_markers: {
      role: "calimero.role=node",
      profile_key: "calimero.profile",
      root_hash_key: "calimero.root_hash",
    },
    profiles,
    measurement_sets: PROFILES.flatMap((profile) => setOf(version, profile, probes[profile])),
  };
}

function profileOf({ candidates: { policy }, mrtd, rootHash }: NodeProbe): PublishedProfile {
  const { rtmr0, rtmr1, rtmr2, rtmr3 } = mrtd;
  return {
    mrtd: mrtd.mrtd,
    ...(rtmr0 === undefined ? {} : { rtmr0 }),
    ...(rtmr1 === undefined ? {} : { rtmr1 }),
    ...(rtmr2 === undefined ? {} : { rtmr2 }),
    ...(rtmr3 === undefined ? {} : { rtmr3 }),
    root_hash: rootHash,
    ...policy,
  };
}

/** The tuple that a probe saw; none for a probe that does not say on which machine it saw what. */
function setOf(version: string, profile: Profile, { candidates }: NodeProbe): readonly MeasurementSet[] {
  const { machine_type, td_attributes, xfam, policy } = candidates;
  const [mrtd, rtmr0, rtmr1, rtmr2, rtmr3] = [
    policy.allowed_mrtd[0],
    policy.allowed_rtmr0[0],
    policy.allowed_rtmr1[0],
    policy.allowed_rtmr2[0],
    policy.allowed_rtmr3[0],
  ];
  if (machine_type === undefined || td_attributes === undefined || xfam === undefined) return [];
  if (mrtd === undefined || rtmr0 === undefined || rtmr1 === undefined || rtmr2 === undefined || rtmr3 === undefined)
    return [];
  const id = `${version}/${profile}/${machine_type}`;
  return [{ id, profile, machine_type, mrtd, rtmr0, rtmr1, rtmr2, rtmr3, td_attributes, xfam }];
}

function provenanceOf(
  assembly: NodeAssembly,
  published: PublishedMrtds,
  written: readonly string[],
): ReleaseProvenance {
  const { version, repository, commit, runId, runAttempt, generatedAt, probes, given } = assembly;
  const names = [...written, ...given.map(({ name }) => name), ASSET.releaseProvenance, CHECKSUMS_ASSET.node];
  return {
    schema_version: 1,
    role: "node",
    tag: version,
    commit_sha: commit,
    workflow_run_id: runId,
    workflow_run_attempt: runAttempt,
    generated_at: generatedAt,
    compatibility: {
      version,
      kms_tag: releaseTag("kms", version),
      node_image_tag: releaseTag("node", version),
      kms_policy_url: releaseAssetUrl(repository, releaseTag("kms", version), ASSET.policyAlias),
      node_policy_url: releaseAssetUrl(repository, releaseTag("node", version), ASSET.publishedMrtds),
    },
    profiles: {
      debug: probes.debug.provenance,
      "debug-read-only": probes["debug-read-only"].provenance,
      "locked-read-only": probes["locked-read-only"].provenance,
    },
    mrtds: published,
    measurement_policy: published,
    asset_purposes: purposesOf(names),
  };
}
