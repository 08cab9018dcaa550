import { ASSET, assetForm, REKOR_INDEX_ASSET } from "./asset-names.ts";
import type { DocumentKind } from "./documents/released-documents.ts";
import type { ReleaseLane } from "./lane.ts";

const BY_NAME: ReadonlyMap<string, DocumentKind> = new Map<string, DocumentKind>([
  [ASSET.compatibilityMap, "compatibilityMap"],
  [ASSET.kmsManifest, "kmsReleaseManifest"],
  [ASSET.containerMetadata, "containerMetadata"],
  [ASSET.publishedMrtds, "publishedMrtds"],
  [ASSET.releaseProvenance, "releaseProvenance"],
  [ASSET.verifierManifest, "verifierReleaseManifest"],
]);

const BY_PREFIX: readonly (readonly [prefix: string, kind: DocumentKind])[] = [
  ["kms-phala-attestation-policy.", "attestationPolicy"],
  ["measurement-policy-candidates-", "measurementCandidates"],
  ["mrtd-", "mrtdRecord"],
  ["profile-provenance-", "profileProvenance"],
  ["conformance-", "conformanceReport"],
];

/** What kind of document an asset of a lane is; null for what is no JSON document. */
export function documentKind(lane: ReleaseLane, name: string): DocumentKind | null {
  const form = assetForm(lane, name);
  if (form === "sbom") return "sbom";
  if (form !== "document") return null;
  if (name === REKOR_INDEX_ASSET[lane]) return "rekorIndex";
  return BY_NAME.get(name) ?? BY_PREFIX.find(([prefix]) => name.startsWith(prefix))?.[1] ?? null;
}
