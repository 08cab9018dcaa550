/**
 * Appraisal: from evidence to a report with a verdict, the same in the browser, the API and the command. Nothing here fetches,
 * renders or reads a clock.
 */
export { APPRAISAL_CODES, type AppraisalCode, type StepCode } from "./appraisal-code.ts";
export { appraise, type AppraisalOptions } from "./appraise.ts";
export { attesterKindOf } from "./case.ts";
export {
  EVIDENCE_FILE_LIMIT_BYTES,
  EVIDENCE_FILE_SCHEMA,
  type EvidenceFileAuthor,
  evidenceFileName,
  writeEvidenceFile,
} from "./evidence-file.ts";
export {
  type EvidenceFile,
  type EvidenceFileError,
  readEvidenceFile,
  type RecordedVerdict,
} from "./read-evidence-file.ts";
export { type ReaderDemands, withDemands } from "./reader-demands.ts";
export { type ChangedStep, reappraise, type Reappraisal } from "./reappraise.ts";
export { INTEL_TRUST_AUTHORITY } from "./intel-trust-authority.ts";
export { INPUT_KINDS, INPUT_LIMIT_BYTES, type InputKind } from "./input-kind.ts";
export { likelyRelease, RELEASE_SEARCH_LIMIT } from "./likely-release.ts";
export {
  type GatheredEvidence,
  type GivenEventLog,
  type Recognition,
  type RecognisedInput,
  recogniseInputs,
  type RecognitionProblem,
} from "./recognise-inputs.ts";
export { APPRAISAL_ASSETS } from "./reference-values.ts";
export {
  type AssetSignature,
  type ChainCertificate,
  type EnvironmentClass,
  type OpinionRow,
  type RegisterComparison,
  type RegisterReplayTrace,
  type ReplayEvent,
  type Report,
  type ReportFacts,
  VERDICTS,
  type Verdict,
} from "./report.ts";
export {
  type Anchors,
  type AppraisalRequest,
  ATTESTER_KINDS,
  type AttesterKind,
  type Challenge,
  type GivenInput,
  type KnownRelease,
  type ReleaseAsset,
  type ReleaseMaterial,
  type ReleaseSigners,
  type Supply,
  type TrustAuthorityAnswer,
} from "./request.ts";
export { type Circumstances, requiredSteps } from "./requirement.ts";
export { holdClaims, type SecondOpinion, verifySecondOpinion } from "./second-opinion.ts";
export type { SideField } from "./side-fields.ts";
export {
  type EvidenceEncoding,
  type EvidenceItem,
  type EvidenceSource,
  type Finding,
  STEP_IDS,
  STEP_STATUSES,
  type Step,
  type StepId,
  type StepStatus,
} from "./step.ts";
export { TD_ATTRIBUTE_BITS } from "./td-attribute-bits.ts";
export { STEP_CATALOGUE, type StepDescription } from "./step-catalogue.ts";
export type { ClaimComparison } from "./trust-authority-claims.ts";
export { type TokenProblem, type TrustAuthorityToken, verifyTrustAuthorityToken } from "./trust-authority-token.ts";
export { bytesOfText, isText } from "./text-bytes.ts";
export { WITHOUT_CATALOG, withdrawnReleases } from "./withdrawn-releases.ts";
export { type Decision, decideVerdict, type JudgedStep, missingSteps } from "./verdict.ts";
