export {
  ANSWER_FIELD_LIMITS,
  type AttestAnswer,
  type AttestRequest,
  type ChallengeAnswer,
  type ChallengeRequest,
  type GetKeyAnswer,
  type GetKeyRequest,
  type HealthAnswer,
  JSON_DEPTH_LIMIT,
  NODE_REQUEST_TIMEOUT_MS,
  REQUEST_BODY_LIMIT_BYTES,
} from "./messages.ts";
export {
  KMS_ERRORS,
  KMS_ERROR_CODES,
  KMS_TAGS,
  type ErrorBody,
  type KmsErrorCode,
  type KmsTag,
  kmsErrorAnswer,
} from "./kms-errors.ts";
export { MOCK_QUOTE_BYTES, isMockQuote, makeMockQuote, mockReportData } from "./mock-quote.ts";
export { type PeerId, type PeerIdError, parsePeerId, peerIdFromPublicKey, peerIdHash } from "./peer-id.ts";
export { ED25519_SIGNATURE_BYTES, verifyPeerSignature } from "./peer-signature.ts";
export {
  type Ed25519PublicKey,
  PUBLIC_KEY_PROTOBUF_BYTES,
  type PublicKeyError,
  encodePublicKeyProtobuf,
  parsePublicKey,
  parsePublicKeyProtobuf,
} from "./public-key.ts";
export { DEFAULT_BINDING, NONCE_BYTES, REPORT_DATA_BYTES, kmsReportData, nodeReportData } from "./report-data.ts";
export { type SignedFacts, signedPayload } from "./signed-payload.ts";
