export { DEFAULT_BINDING_LABEL } from "./default-binding.ts";
export { KMS_PROFILE_EVENT, type KmsProfileEvent, kmsProfileEvent } from "./kms-profile-event.ts";
export {
  MEASUREMENT_FIELDS,
  type Measurement,
  type MeasurementError,
  type MeasurementField,
  parseMeasurement,
} from "./measurement.ts";
export {
  type NodeIdentity,
  type NodeRtmr3,
  RTMR3_NEVER_EXTENDED,
  RTMR3_WITHOUT_ROOT_HASH,
  type RootHashError,
  nodeRtmr3,
} from "./node-rtmr3.ts";
export {
  DEFAULT_PROFILE,
  PROFILES,
  type Profile,
  type ProfileError,
  parseProfile,
  parseProfileSetting,
} from "./profile.ts";
