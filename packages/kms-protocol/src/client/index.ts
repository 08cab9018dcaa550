export type { PostAnswer, TransportFailure } from "./bounded-post.ts";
export {
  KMS_CLIENT_FAILURE_CODES,
  type KmsClientFailure,
  type KmsClientFailureCode,
  describeKmsFailure,
} from "./describe-kms-failure.ts";
export {
  type KeyLengthFailure,
  type KeyUnwrapFailure,
  type QuoteProvider,
  type QuoteProviderFailure,
  type StorageKeyFailure,
  type StorageKeyRequest,
  fetchStorageKey,
  requestKey,
} from "./fetch-storage-key.ts";
export {
  type WrappedKeyFailure,
  type WrappedKeyRequest,
  type WrappedStorageKeyRequest,
  fetchWrappedStorageKey,
  requestWrappedKey,
} from "./fetch-wrapped-key.ts";
export {
  type IdentityError,
  type PeerIdentity,
  generateIdentity,
  identityFromSeed,
  parseIdentity,
} from "./identity.ts";
export {
  type KmsCallFailure,
  type KmsClient,
  type KmsClientOptions,
  type KmsRefusal,
  type WrappedCallFailure,
  createKmsClient,
} from "./kms-client.ts";
export {
  type AnsweredQuestion,
  type AskedReportData,
  type KmsAttestationFailure,
  type KmsEvidence,
  type KmsVerifier,
  askForEvidence,
  readKmsEvidence,
} from "./kms-evidence.ts";
export { KMS_PROBE_CODES, type KmsProbeCode, type KmsProbeStage } from "./kms-probe-codes.ts";
export { type KmsProbeReport, type KmsProbeRequest, type ProbeAttestation, probeKms } from "./kms-probe.ts";
export { type KmsUrlError, isSecureKmsUrl, parseKmsUrl } from "./kms-url.ts";
export type { PostBodyReader, PostInit, PostPort, PostResponse } from "./post-port.ts";
export { type KmsTrust, createKmsVerifier, verifyKmsAttestation } from "./verify-kms-attestation.ts";
