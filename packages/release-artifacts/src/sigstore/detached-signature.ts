import { sha256 } from "@noble/hashes/sha2.js";
import { parseBase64 } from "@mero-tee/tdx-quote/base64";
import { toHex } from "@mero-tee/tdx-quote/hex";
import { ok, type Result } from "@mero-tee/tdx-quote/result";
import { parseCertificateText } from "./certificate-text.ts";
import { verifyScts } from "./certificate-transparency.ts";
import { parseFulcioCertificate, type SignerClaims } from "./fulcio-certificate.ts";
import { compileIdentity, matchSigner } from "./signer-identity.ts";
import { refuse, type SigstoreError } from "./sigstore-error.ts";
import { isSignedBy, verifyPath, type SigstoreOptions } from "./verify-sigstore.ts";

/** Longest text of a signature or a certificate, in UTF-16 units. */
const TEXT_LIMIT = 64 * 1024;

/** The contents of `ASSET.sig` and `ASSET.pem`. */
export interface DetachedSignatureFiles {
  /** Base64 of the DER signature. */
  readonly signature: string;
  /** PEM, or base64 of PEM. */
  readonly certificate: string;
}

/** A parsed pair of such files. **Not verified.** */
export interface DetachedSignature {
  readonly signature: Uint8Array<ArrayBuffer>;
  /** DER. */
  readonly certificate: Uint8Array<ArrayBuffer>;
}

/**
 * A file that somebody signed with a key for which Fulcio once vouched. **No log and no time**: the certificate counts for ten
 * minutes, and nothing here says that the signature was made in them. Never enough to release or to start anything.
 */
export interface UnwitnessedSignature extends SignerClaims {
  readonly form: "unwitnessed";
  /** 64 lower-case hex digits. */
  readonly sha256: string;
  readonly certificateSha256: string;
}

/** Reads `.sig` and `.pem`. Errors: `detached-signature-malformed`. */
export function parseDetachedSignature(files: DetachedSignatureFiles): Result<DetachedSignature, SigstoreError> {
  const signature = files.signature.length > TEXT_LIMIT ? null : parseBase64(files.signature.trim());
  if (signature === null || signature.length === 0)
    return refuse("detached-signature-malformed", { subject: "signature" });
  const certificate = files.certificate.length > TEXT_LIMIT ? null : parseCertificateText(files.certificate);
  if (certificate === null) return refuse("detached-signature-malformed", { subject: "certificate" });
  return ok({ signature, certificate });
}

/**
 * Verifies a signature that comes without a bundle, as far as that goes: the certificate as of its first second, the promises
 * of certificate logs, the signature, identity and issuer.
 *
 * Errors: as {@link verifySigstore}, without those of logs, timestamps and attestations.
 */
export async function verifyDetachedSignature(
  artifact: Uint8Array,
  { signature, certificate: der }: DetachedSignature,
  { trustedRoot, identity, issuer }: SigstoreOptions,
): Promise<Result<UnwitnessedSignature, SigstoreError>> {
  const matcher = compileIdentity(identity);
  if (!matcher.ok) return matcher;
  const signer = parseFulcioCertificate(der);
  if (!signer.ok) return signer;
  const { certificate, claims } = signer.value;
  const path = await verifyPath(certificate, certificate.validity.fromMs, trustedRoot);
  if (!path.ok) return path;
  const scts = await verifyScts(certificate, path.value, trustedRoot.certificateLogs);
  if (!scts.ok) return scts;
  if (!(await isSignedBy(certificate, signature, artifact))) return refuse("artifact-signature-invalid");
  const accepted = matchSigner(claims, matcher.value, issuer);
  if (!accepted.ok) return accepted;
  return ok({ form: "unwitnessed", ...claims, sha256: toHex(sha256(artifact)), certificateSha256: toHex(sha256(der)) });
}
