export {
  type AnswerError,
  type ReceivedAttestation,
  type ReceivedChallenge,
  type ReceivedWrappedKey,
  type WrappedAnswerError,
  parseAttestAnswer,
  parseChallengeAnswer,
  parseErrorBody,
  parseGetKeyAnswer,
  parseWrappedKeyAnswer,
} from "./answers.ts";
export { CHALLENGE_ID_BYTES, parseChallengeId } from "./challenge-id.ts";
export { JSON_DEPTH_LIMIT, type ShapeProblem } from "./json-body.ts";
export { type KeySealer, type WrapKeyPair, createKeySealer, createWrapKeyPair } from "./key-seal.ts";
export {
  type SealedKey,
  type WrapFacts,
  type WrapKey,
  nodeWrapReportData,
  parseWrapKey,
  releaseReportData,
  wrapBinding,
  wrapTranscript,
} from "./key-wrap.ts";
export { KMS_ERRORS, KMS_ERROR_CODES, KMS_TAGS, type KmsErrorCode, type KmsTag, kmsErrorAnswer } from "./kms-errors.ts";
export {
  ANSWER_FIELD_LIMITS,
  type AttestAnswer,
  type AttestRequest,
  type ChallengeAnswer,
  type ChallengeRequest,
  type ErrorBody,
  type GetKeyAnswer,
  type GetKeyRequest,
  type HealthAnswer,
  NODE_REQUEST_TIMEOUT_MS,
  REQUEST_BODY_LIMIT_BYTES,
  type WrappedKeyAnswer,
} from "./messages.ts";
export { MOCK_QUOTE_BYTES, isMockQuote, makeMockQuote, mockReportData } from "./mock-quote.ts";
export { type PeerId, type PeerIdError, parsePeerId, peerIdFromPublicKey, peerIdHash } from "./peer-id.ts";
export { type PeerKey, type PeerKeyReader, createPeerKeyReader } from "./peer-key.ts";
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
export {
  type AttestRequestError,
  type RequestError,
  type RequestedAttestation,
  decodeAttestRequest,
  parseAttestRequest,
  parseChallengeRequest,
  parseGetKeyRequest,
} from "./requests.ts";
export { SecretBytes } from "./secret-bytes.ts";
export { type SignedFacts, signedPayload } from "./signed-payload.ts";
