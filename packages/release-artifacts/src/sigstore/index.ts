export type { DsseEnvelope, InclusionProof, LogEntry, MessageSignature, SigstoreBundle } from "./bundle.ts";
export {
  type DetachedSignature,
  type DetachedSignatureFiles,
  parseDetachedSignature,
  type UnwitnessedSignature,
  verifyDetachedSignature,
} from "./detached-signature.ts";
export { describeSigstoreError } from "./describe-sigstore-error.ts";
export type { Statement, StatementSubject } from "./dsse.ts";
export type { FulcioExtensionName, SignerClaims } from "./fulcio-certificate.ts";
export { parseSigstoreBundle } from "./parse-bundle.ts";
export { PUBLIC_TRUSTED_ROOT_TAKEN_AT, publicTrustedRoot } from "./public-trusted-root.ts";
export type { ExpectedIdentity } from "./signer-identity.ts";
export {
  SIGSTORE_ERROR_CODES,
  type SigstoreError,
  type SigstoreErrorCode,
  type SigstoreFacts,
} from "./sigstore-error.ts";
export { parseTrustedRoot, type TrustedAuthority, type TrustedLog, type TrustedRoot } from "./trusted-root.ts";
export { type TrustedParty, trustedParties } from "./trusted-root-parties.ts";
export {
  type LoggedEntry,
  type SignedArtifact,
  type SignedSubject,
  type SigstoreOptions,
  type TrustedTime,
  verifySigstore,
} from "./verify-sigstore.ts";
