import { type AppIdentity, appIdentity } from "./app-identity.ts";
import { type AttestationPolicyDocument, attestationPolicyDocument } from "./attestation-policy.ts";
import { type CompatibilityCatalog, compatibilityCatalog } from "./compatibility-catalog.ts";
import { type CompatibilityMap, compatibilityMap } from "./compatibility-map.ts";
import { type ConformanceReport, conformanceReport } from "./conformance-report.ts";
import { type ContainerMetadata, containerMetadata } from "./container-metadata.ts";
import { type KmsReleaseManifest, kmsReleaseManifest } from "./kms-release-manifest.ts";
import { type MeasurementCandidates, measurementCandidates } from "./measurement-candidates.ts";
import { type MrtdRecord, mrtdRecord } from "./mrtd-record.ts";
import { type ProfileProvenance, profileProvenance } from "./profile-provenance.ts";
import { type PublishedMrtds, publishedMrtds } from "./published-mrtds.ts";
import { type RekorIndex, rekorIndex } from "./rekor-index.ts";
import { type ReleaseProvenance, releaseProvenance } from "./release-provenance.ts";
import { type Sbom, sbom } from "./sbom.ts";
import { type VerifierReleaseManifest, verifierReleaseManifest } from "./verifier-release-manifest.ts";
import { type VersionsManifest, versionsManifest } from "./versions-manifest.ts";
import type { Shape } from "./document-shape.ts";

/** Every kind of JSON document of a release, and its type. */
export interface ReleasedDocuments {
  readonly appIdentity: AppIdentity;
  readonly attestationPolicy: AttestationPolicyDocument;
  readonly compatibilityCatalog: CompatibilityCatalog;
  readonly compatibilityMap: CompatibilityMap;
  readonly conformanceReport: ConformanceReport;
  readonly containerMetadata: ContainerMetadata;
  readonly kmsReleaseManifest: KmsReleaseManifest;
  readonly measurementCandidates: MeasurementCandidates;
  readonly mrtdRecord: MrtdRecord;
  readonly profileProvenance: ProfileProvenance;
  readonly publishedMrtds: PublishedMrtds;
  readonly rekorIndex: RekorIndex;
  readonly releaseProvenance: ReleaseProvenance;
  readonly sbom: Sbom;
  readonly verifierReleaseManifest: VerifierReleaseManifest;
  readonly versionsManifest: VersionsManifest;
}

/** One of the kinds. */
export type DocumentKind = keyof ReleasedDocuments;

/** The shape of every kind of document. */
export const DOCUMENT_SHAPES: { readonly [K in DocumentKind]: Shape<ReleasedDocuments[K]> } = {
  appIdentity,
  attestationPolicy: attestationPolicyDocument,
  compatibilityCatalog,
  compatibilityMap,
  conformanceReport,
  containerMetadata,
  kmsReleaseManifest,
  measurementCandidates,
  mrtdRecord,
  profileProvenance,
  publishedMrtds,
  rekorIndex,
  releaseProvenance,
  sbom,
  verifierReleaseManifest,
  versionsManifest,
};
