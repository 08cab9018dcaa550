import { sha256, sha384, sha512 } from "@noble/hashes/sha2.js";
import { ok, type Result } from "@mero-tee/tdx-quote/result";
import { leafProblem, pathProblem, TIME_STAMPING } from "./certificate-path.ts";
import { verifyBy } from "./public-key.ts";
import { refuse, type SigstoreError } from "./sigstore-error.ts";
import { parseTimestampResponse, type NamedHash, type TimestampToken } from "./timestamp-token.ts";
import type { TrustedAuthority } from "./trusted-root.ts";
import { formatUnixMs, isInWindow } from "./unix-ms.ts";
import { isSame, type X509Certificate } from "./x509-certificate.ts";

const HASH = { "SHA-256": sha256, "SHA-384": sha384, "SHA-512": sha512 } as const;

/**
 * Verifies that a trusted authority saw a signature, and when.
 *
 * @param response - DER of TimeStampResp
 * @param stamped - the bytes that must have been stamped: a signature
 * @returns the time, in Unix milliseconds
 * Errors: `timestamp-malformed`, `timestamp-imprint-mismatch`, `timestamp-untrusted`, `timestamp-signature-invalid`.
 * Source: RFC 3161, sections 2.3 and 2.4.2; Sigstore client specification, timestamping.
 */
export async function verifyTimestamp(
  response: Uint8Array,
  stamped: Uint8Array,
  authorities: readonly TrustedAuthority[],
): Promise<Result<number, SigstoreError>> {
  const parsed = parseTimestampResponse(response);
  if (!parsed.ok) return refuse("timestamp-malformed", { reason: parsed.error.reason });
  const token = parsed.value;
  if (!isHashOf(token.imprint, stamped)) return refuse("timestamp-imprint-mismatch");
  if (!isHashOf(token.infoDigest, token.info)) return refuse("timestamp-signature-invalid");

  const signers = authorities.filter(
    ({ chain: [signer], validFor }) =>
      isInWindow(validFor, token.timeMs) &&
      signer.serialHex === token.signerSerialHex &&
      isSame(signer.issuer, token.signerIssuer),
  );
  let refusal = refuse("timestamp-untrusted", {
    reason: "no trusted authority has this signer at that time",
    actual: formatUnixMs(token.timeMs),
  });
  for (const { chain } of signers) {
    const problem = await problemOf(token, chain);
    if (problem === null) return ok(token.timeMs);
    refusal = problem;
  }
  return refusal;
}

async function problemOf(
  token: TimestampToken,
  [signer, ...issuers]: readonly [X509Certificate, ...X509Certificate[]],
): Promise<ReturnType<typeof refuse> | null> {
  const unfit = leafProblem(signer, TIME_STAMPING);
  if (unfit !== null) return refuse("timestamp-untrusted", { reason: unfit });
  if (!isInWindow(signer.validity, token.timeMs)) {
    return refuse("timestamp-untrusted", { reason: "the signer's certificate is not valid at that time" });
  }
  if (token.signerCertificate !== null && !isHashOf(token.signerCertificate, signer.der)) {
    return refuse("timestamp-untrusted", { reason: "it names another signing certificate" });
  }
  const path = await pathProblem(signer, issuers, token.timeMs, TIME_STAMPING);
  if (path !== null) return refuse("timestamp-untrusted", { reason: path });
  const { publicKey } = signer;
  const isSigned =
    publicKey?.kind !== "Ed25519" &&
    (await verifyBy(publicKey, token.signatureHash, token.signature, token.signedAttributes));
  return isSigned ? null : refuse("timestamp-signature-invalid");
}

function isHashOf({ hash, value }: NamedHash, bytes: Uint8Array): boolean {
  return isSame(HASH[hash](bytes), value);
}
