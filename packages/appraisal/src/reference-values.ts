import {
  describePolicyError,
  type MeasurementSet,
  parseReleasePolicy,
  type AppraisalPolicy,
  type AnyPolicyError,
  PROFILES,
  type Profile,
  namesNoImage,
} from "@mero-tee/policy";
import {
  ASSET,
  describeDocumentProblem,
  DOCUMENT_SHAPES,
  parseDocument,
  policyAsset,
  type PublishedMrtds,
  type ReleasedDocuments,
} from "@mero-tee/release-artifacts";
import type { MeasurementRegister, TcbStatus } from "@mero-tee/tdx-quote";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

import type { StepCode } from "./appraisal-code.ts";
import type { AttesterKind, ReleaseAsset, ReleaseMaterial } from "./request.ts";

/** What a release says about one profile. */
export interface ProfileReference {
  readonly profile: Profile;
  /** Bare version; null where the document names none. */
  readonly version: string | null;
  readonly commit: string | null;
  readonly tcbStatuses: readonly TcbStatus[];
  readonly lists: Readonly<Record<MeasurementRegister, readonly string[]>>;
  /** Complete tuples, where the release has them: a quote must then match one as a whole. */
  readonly sets: readonly MeasurementSet[] | null;
  /** Whether RTMR3 is compared with its list; a KMS's holds instance data, and is judged by its log. */
  readonly comparesRtmr3: boolean;
  /** KMS: accepted compose hashes. Null: a node has none. */
  readonly composeHashes: readonly string[] | null;
  /** KMS: the binding that the release names; null where it names none. */
  readonly defaultBinding: Uint8Array | null;
  /** KMS: whose key service it must run under; null where the release is silent. */
  readonly keyProvider: { readonly name: string; readonly id: string } | null;
  /** Node: root hash of the image, from which RTMR3 follows; null where the release is silent. */
  readonly rootHash: string | null;
}

/** Why the documents of a release cannot be used. */
export interface ReferenceProblem {
  readonly code: StepCode;
  readonly sentence: string;
}

/** Reference values of a release: one for each profile that it speaks about, and what links KMS and node. */
export interface ReferenceValues {
  readonly profiles: readonly ProfileReference[];
  readonly compatibilityMap: ReleasedDocuments["compatibilityMap"] | null;
  /** The assets that were used, each of which has to be signed. */
  readonly used: readonly ReleaseAsset[];
}

/** Assets of a release that an appraisal of each kind reads; whoever fetches needs no others. */
export const APPRAISAL_ASSETS: Readonly<Record<AttesterKind, readonly string[]>> = {
  kms: [...PROFILES.map(policyAsset), ASSET.compatibilityMap],
  node: [ASSET.publishedMrtds],
};

/**
 * Reads the documents of a release. A document with one malformed value is not trusted for the others.
 *
 * Errors: `release-asset-absent`; those of policies and released documents.
 */
export function readReferenceValues(
  kind: AttesterKind,
  material: ReleaseMaterial,
): Result<ReferenceValues, ReferenceProblem> {
  if (material.origin === "user") return readUserValues(kind, material);
  return kind === "kms" ? readKmsValues(material) : readNodeValues(material);
}

function absent(name: string): Result<never, ReferenceProblem> {
  return err({ code: "release-asset-absent", sentence: `The release lacks ${name}.` });
}

function refused(error: AnyPolicyError): Result<never, ReferenceProblem> {
  return err({ code: error.code, sentence: describePolicyError(error) });
}

function document<K extends "compatibilityMap" | "publishedMrtds" | "attestationPolicy">(
  asset: ReleaseAsset,
  kind: K,
): Result<ReleasedDocuments[K], ReferenceProblem> {
  const parsed = parseDocument(asset.name, asset.bytes, DOCUMENT_SHAPES[kind]);
  if (parsed.ok) return ok(parsed.value.value);
  const [problem] = parsed.error;
  return err(
    problem === undefined
      ? { code: "document-field-malformed", sentence: `${asset.name} cannot be read.` }
      : { code: problem.code, sentence: `${describeDocumentProblem(problem)}.` },
  );
}

function readKmsValues(material: ReleaseMaterial): Result<ReferenceValues, ReferenceProblem> {
  const profiles: ProfileReference[] = [];
  const used: ReleaseAsset[] = [];
  for (const profile of PROFILES) {
    const asset = material.assets.find(({ name }) => name === policyAsset(profile));
    if (asset === undefined) return absent(policyAsset(profile));
    const reference = kmsReference(asset, profile, material.tag);
    if (!reference.ok) return reference;
    profiles.push(reference.value);
    used.push(asset);
  }
  const map = material.assets.find(({ name }) => name === ASSET.compatibilityMap);
  if (map === undefined) return ok({ profiles, compatibilityMap: null, used });
  const compatibilityMap = document(map, "compatibilityMap");
  if (!compatibilityMap.ok) return compatibilityMap;
  return ok({ profiles, compatibilityMap: compatibilityMap.value, used: [...used, map] });
}

function kmsReference(
  asset: ReleaseAsset,
  profile: Profile,
  tag: string | null,
): Result<ProfileReference, ReferenceProblem> {
  const expected = { profile, isLegacyFile: false, ...(tag === null ? {} : { tag }) };
  const policy = parseReleasePolicy(asset.bytes, expected, "kms");
  if (!policy.ok) return refused(policy.error);
  const released = document(asset, "attestationPolicy");
  if (!released.ok) return released;
  return ok({
    ...valuesOf(policy.value, profile),
    commit: released.value.commit_sha,
    comparesRtmr3: policy.value.rtmr3Mode !== "event-log",
    composeHashes: policy.value.composeHashes ?? [],
    defaultBinding: policy.value.defaultBinding ?? null,
    keyProvider: released.value.policy.kms_key_provider ?? null,
  });
}

function valuesOf(policy: AppraisalPolicy, profile: Profile): ProfileReference {
  const { tag, tcbStatuses, mrtd, rtmr0, rtmr1, rtmr2, rtmr3, measurementSets } = policy;
  return {
    profile,
    version: tag,
    commit: null,
    tcbStatuses,
    lists: { mrtd, rtmr0, rtmr1, rtmr2, rtmr3 },
    sets: measurementSets ?? null,
    comparesRtmr3: true,
    composeHashes: null,
    defaultBinding: null,
    keyProvider: null,
    rootHash: null,
  };
}

function readNodeValues(material: ReleaseMaterial): Result<ReferenceValues, ReferenceProblem> {
  const asset = material.assets.find(({ name }) => name === ASSET.publishedMrtds);
  if (asset === undefined) return absent(ASSET.publishedMrtds);
  const published = document(asset, "publishedMrtds");
  if (!published.ok) return published;
  const { tag, role } = published.value;
  if (material.tag !== null && material.tag !== `mero-tee-v${tag}`) {
    return refused({ code: "policy-tag-mismatch", expected: material.tag, actual: tag });
  }
  if (role !== undefined && role !== "node") {
    return refused({ code: "policy-role-mismatch", expected: "node", actual: role });
  }
  const forbidden = rtmr3OfNoImage(published.value);
  if (forbidden !== undefined) {
    return refused({ code: "policy-measurement-forbidden", field: "allowed_rtmr3", measurement: forbidden });
  }
  return ok({
    profiles: PROFILES.map((profile) => nodeReference(published.value, profile)),
    compatibilityMap: null,
    used: [asset],
  });
}

/** The RTMR3 in a release, if any, of a node that runs whatever file system it is given: it found no root hash, or measured nothing. */
function rtmr3OfNoImage({ profiles, measurement_sets: sets = [] }: PublishedMrtds): string | undefined {
  const listed = [...PROFILES.flatMap((profile) => profiles[profile].allowed_rtmr3), ...sets.map(({ rtmr3 }) => rtmr3)];
  return listed.find(namesNoImage);
}

function nodeReference(published: PublishedMrtds, profile: Profile): ProfileReference {
  const values = published.profiles[profile];
  const sets = published.measurement_sets?.filter((set) => set.profile === profile);
  return {
    profile,
    version: published.tag,
    commit: published.commit_sha ?? null,
    tcbStatuses: values.allowed_tcb_statuses,
    lists: {
      mrtd: values.allowed_mrtd,
      rtmr0: values.allowed_rtmr0,
      rtmr1: values.allowed_rtmr1,
      rtmr2: values.allowed_rtmr2,
      rtmr3: values.allowed_rtmr3,
    },
    sets: sets ?? null,
    comparesRtmr3: true,
    composeHashes: null,
    defaultBinding: null,
    keyProvider: null,
    rootHash: values.root_hash ?? null,
  };
}

/** Files that the reader gave: told by their content, and by the profile that they name themselves. */
function readUserValues(kind: AttesterKind, material: ReleaseMaterial): Result<ReferenceValues, ReferenceProblem> {
  const profiles: ProfileReference[] = [];
  const used: ReleaseAsset[] = [];
  let compatibilityMap: ReferenceValues["compatibilityMap"] = null;
  for (const asset of material.assets) {
    const released = parseDocument(asset.name, asset.bytes, DOCUMENT_SHAPES.attestationPolicy);
    if (released.ok) {
      const profile = PROFILES.find((name) => name === released.value.value.profile) ?? "locked-read-only";
      const reference = kind === "kms" ? kmsReference(asset, profile, null) : nodeHalf(asset, profile);
      if (!reference.ok) return reference;
      profiles.push(reference.value);
    } else if (kind === "node") {
      const values = readNodeValues({ ...material, assets: [{ ...asset, name: ASSET.publishedMrtds }] });
      if (!values.ok) return values;
      profiles.push(...values.value.profiles);
    } else {
      const map = document(asset, "compatibilityMap");
      if (!map.ok) return map;
      compatibilityMap = map.value;
    }
    used.push(asset);
  }
  return profiles.length === 0 ? absent("reference values") : ok({ profiles, compatibilityMap, used });
}

/** The half of a KMS policy that speaks about nodes. */
function nodeHalf(asset: ReleaseAsset, profile: Profile): Result<ProfileReference, ReferenceProblem> {
  const policy = parseReleasePolicy(asset.bytes, { profile, isLegacyFile: false }, "node");
  return policy.ok ? ok(valuesOf(policy.value, profile)) : refused(policy.error);
}
