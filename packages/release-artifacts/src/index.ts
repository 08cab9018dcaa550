export { RELEASE_LANES, type ReleaseLane, TAG_PREFIX } from "./lane.ts";
export {
  compareVersions,
  isReleaseCandidate,
  parseReleaseReference,
  parseReleaseVersion,
  RELEASE_CLASSES,
  type ReleaseClass,
  type ReleaseReference,
  type ReleaseReferenceError,
  releaseTag,
  type ReleaseVersion,
} from "./release-version.ts";
export { parseServiceBase } from "./service-base.ts";
export { CODES_PAGE, DEFAULT_REPOSITORY, isRepository, releaseAssetUrl } from "./release-url.ts";
export {
  ASSET,
  ASSET_LIMIT_BYTES,
  type AssetForm,
  assetForm,
  CHECKSUMS_ASSET,
  nodeProbeAssets,
  policyAsset,
  REKOR_INDEX_ASSET,
  SIDECAR_SUFFIXES,
  sidecarOf,
  type SidecarSuffix,
} from "./asset-names.ts";

export {
  describeDocumentProblem,
  DOCUMENT_CODES,
  type DocumentCode,
  type DocumentProblem,
  type ProblemKind,
} from "./documents/document-problem.ts";
export {
  DOCUMENT_LIMIT_BYTES,
  documentText,
  parseDocument,
  type ParsedDocument,
  type Shape,
} from "./documents/document-shape.ts";
export { DOCUMENT_SHAPES, type DocumentKind, type ReleasedDocuments } from "./documents/released-documents.ts";
export type { AppIdentity } from "./documents/app-identity.ts";
export type { AttestationPolicyDocument, AttestationPolicyValues } from "./documents/attestation-policy.ts";
export type { CatalogEntry, CompatibilityCatalog } from "./documents/compatibility-catalog.ts";
export type { MeasurementCandidates } from "./documents/measurement-candidates.ts";
export type { PublishedMrtds } from "./documents/published-mrtds.ts";
export type { PerProfile, Registers } from "./documents/release-fields.ts";

export { type ArchiveError, type ArchiveMember, readArchive } from "./archive.ts";
export { type ArchiveEntry, writeArchive } from "./write-archive.ts";
export { type Checksum, type ChecksumProblem, checksumsText, parseChecksums } from "./checksums.ts";
export { type LogPlace, readSidecarForms, type SidecarForm, type SidecarForms } from "./sidecar-forms.ts";
export type { SidecarBytes, SignatureFailure, SignatureView, VerifySignature } from "./signature-port.ts";

export type { AssembledFiles, GivenAsset, ReleaseOrigin, WrittenDocument } from "./assemble/assembly.ts";
export { assembleKms, assembleTrustBundle, type KmsAssembly } from "./assemble/assemble-kms.ts";
export { assemblePolicy, type PolicyAssembly } from "./assemble/assemble-policy.ts";
export { assembleNode, type NodeAssembly, type NodeProbe } from "./assemble/assemble-node.ts";
export { assembleRekorIndex, type SignedAsset } from "./assemble/assemble-rekor-index.ts";
export { assembleVerifier, type VerifierAssembly } from "./assemble/assemble-verifier.ts";

export type {
  AssetFacts,
  DownloadEvidence,
  EvidenceByScope,
  KmsStartEvidence,
  LiveEvidence,
  LoadedDocument,
  OutsideKnowledge,
  ReleaseEvidence,
  RepositoryEvidence,
  RuleScope,
  TcbWaiver,
} from "./rules/evidence.ts";
export type { RuleResult, RuleStatus } from "./rules/rule.ts";
export { judge, RULE_IDS, type RuleId, RULES } from "./rules/registry.ts";
export { nodeValueDifferences, type PublishedNodeValues } from "./node-values.ts";
export { digestOf, readWhole, type ReleaseFiles } from "./release-files.ts";
export { loadRelease, type ReleaseToLoad, type ReleaseUnreadable } from "./load-release.ts";
export { judgeRelease, type ReleaseVerdict, verifyRelease, type VerifyReleaseOptions } from "./verify-release.ts";

export { assetsToSign, type ReleaseToSign, type SignFile, type SigningError, signRelease } from "./sign-release.ts";
export { type AuditState, changesSince, NOTHING_SEEN, parseAuditState, withSeen } from "./release-audit.ts";
export {
  type KeyRequestOutcome,
  parseClientVerification,
  parseImagePrediction,
  parseKeyProvider,
  parseKeyRequest,
  parseTcbWaivers,
} from "./outside-documents.ts";
export { ENDORSEMENT_LIMIT_BYTES } from "./firmware/launch-endorsement.ts";
export { type FirmwareEndorsement, verifyLaunchEndorsement } from "./firmware/verify-launch-endorsement.ts";
export {
  type Download,
  downloadOf,
  followRedirects,
  GITHUB_RELEASE_ORIGINS,
  MAX_REDIRECTS,
} from "./follow-redirects.ts";
export { openListedAsset } from "./listed-asset.ts";
export { type ListedRelease, listReleases } from "./release-list.ts";
export { fetchCatalog } from "./release-catalog.ts";
export { createSignatureVerifier, GITHUB_ACTIONS_ISSUER, laneIdentity, type LaneSigner } from "./lane-signature.ts";
export { appComposeHash, type AppComposeError } from "./compose-hash.ts";
export { type ComposeTemplate, parseComposeTemplate, type TemplateError } from "./compose-template.ts";
export { type DeploymentError, type KmsAppCompose, kmsAppCompose, type KmsDeployment } from "./kms-app-compose.ts";
export { reviewAppCompose, type ReviewedAppCompose, type UnreviewedError } from "./review-app-compose.ts";
export {
  addToCatalog,
  CATALOG_CODES,
  type CatalogCode,
  type CatalogError,
  checkCatalog,
  checkCatalogChange,
  checkCompatible,
} from "./compatibility.ts";
export { promoteCandidates, PROMOTION_CODES, type PromotionError } from "./promote-candidates.ts";
export { diffPolicies, type PolicyListChange } from "./diff-policies.ts";
export { releaseNotes, type ReleaseNotesInput } from "./release-notes.ts";
export { releaseVersionOf } from "./release-version-of.ts";
export {
  describeReleaseError,
  RELEASE_ERROR_CODES,
  type ReleaseError,
  type ReleaseErrorCode,
} from "./release-error.ts";
export {
  BrokenDownload,
  DOWNLOAD_CODES,
  type DownloadError,
  findRelease,
  type FoundRelease,
  openAsset,
  type ReleaseSource,
} from "./release-download.ts";
