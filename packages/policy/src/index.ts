export {
  type AppraisalPolicy,
  POLICY_FIELDS,
  type PolicyField,
  type PolicyRole,
  type PolicySource,
  emptyPolicyFields,
} from "./appraisal-policy.ts";
export { DEFAULT_BINDING_LABEL } from "./default-binding.ts";
export { describeMismatches, describeNearestSet, describePolicyError } from "./describe-policy-error.ts";
export { ENVIRONMENT_POLICY_VARIABLES, policyFromEnvironment } from "./environment-policy.ts";
export {
  type AcceptedQuote,
  type PolicyDecision,
  type PolicySubject,
  evaluate,
  evaluatePolicy,
} from "./evaluate-policy.ts";
export { quoteForeignText } from "./foreign-text.ts";
export { KMS_PROFILE_EVENT, type KmsProfileEvent, kmsProfileEvent } from "./kms-profile-event.ts";
export {
  MEASUREMENT_FIELDS,
  type Measurement,
  type MeasurementError,
  type MeasurementField,
  parseMeasurement,
} from "./measurement.ts";
export { merodAssignments, merodConfig, merodConfigOrigin, type MerodConfigSource } from "./merod-config.ts";
export {
  type MeasurementSet,
  type MeasurementSetName,
  type NearestSet,
  parseMachineType,
  parseMeasurementSetId,
} from "./measurement-set.ts";
export {
  type NodeIdentity,
  type NodeRtmr3,
  RTMR3_NEVER_EXTENDED,
  RTMR3_WITHOUT_ROOT_HASH,
  namesNoImage,
  type RootHashError,
  nodeRtmr3,
} from "./node-rtmr3.ts";
export {
  type AnyPolicyError,
  POLICY_ERROR_CODES,
  type PolicyError,
  type PolicyErrorCode,
  type PolicyMismatch,
  type PolicyMismatches,
} from "./policy-error.ts";
export {
  DEFAULT_PROFILE,
  PROFILES,
  type Profile,
  type ProfileError,
  parseProfile,
  parseProfileSetting,
} from "./profile.ts";
export { type ExpectedRelease, POLICY_DOCUMENT_LIMIT_BYTES, parseReleasePolicy } from "./release-policy.ts";
export { DEFAULT_TCB_STATUSES, type TcbStatusError, parseTcbStatus } from "./tcb-status-word.ts";
