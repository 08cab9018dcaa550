import { sha256 } from "@noble/hashes/sha2.js";
import { toHex } from "@mero-tee/tdx-quote/hex";
import { ok, type Result } from "@mero-tee/tdx-quote/result";
import type { LogEntry, SigstoreBundle } from "./bundle.ts";
import { CODE_SIGNING, pathProblem, servesAt } from "./certificate-path.ts";
import { verifyScts } from "./certificate-transparency.ts";
import { parseStatement, preAuthenticationEncoding, type Statement } from "./dsse.ts";
import { parseFulcioCertificate, type FulcioCertificate, type SignerClaims } from "./fulcio-certificate.ts";
import { verifyLogEntryBody } from "./log-entry-body.ts";
import { verifyLogEntry, type VerifiedLogEntry } from "./log-entry.ts";
import { verifyBy } from "./public-key.ts";
import { compileIdentity, matchSigner, type ExpectedIdentity } from "./signer-identity.ts";
import { refuse, type SigstoreError } from "./sigstore-error.ts";
import { verifyTimestamp } from "./timestamp-authority.ts";
import type { TrustedRoot } from "./trusted-root.ts";
import { formatUnixMs, isInWindow } from "./unix-ms.ts";
import { isSame, type X509Certificate } from "./x509-certificate.ts";

/** Whom to trust, and whose signature is wanted. */
export interface SigstoreOptions {
  readonly trustedRoot: TrustedRoot;
  readonly identity: ExpectedIdentity;
  /** Address of the OpenID provider, compared exactly. */
  readonly issuer: string;
}

/**
 * What must be signed: the file, or its SHA-256 (32 bytes). A digest is enough for an attestation; a signature over the file
 * itself needs the file, because no run time verifies ECDSA over a digest.
 */
export type SignedSubject = { readonly bytes: Uint8Array } | { readonly sha256: Uint8Array };

/** A time that a third party signed. */
export interface TrustedTime {
  readonly source: "transparency-log" | "timestamp-authority";
  readonly unixMs: number;
}

/** What an entry of the log proves. */
export interface LoggedEntry {
  /** Position in the log. */
  readonly logIndex: number;
  /** Names the log's key, 64 hex digits. */
  readonly logIdHex: string;
  /** Unix seconds; null where the log does not sign a time. */
  readonly integratedTime: number | null;
  readonly kind: string;
  readonly version: string;
}

/** A file with a signature that holds in every respect: whose, when, and in which log. */
export interface SignedArtifact extends SignerClaims {
  /** Release files want `message-signature`; an attestation (`dsse`) is good for build provenance only. */
  readonly form: "message-signature" | "dsse";
  /** 64 lower-case hex digits. */
  readonly sha256: string;
  /** What an attestation says; null for a signature over the file itself. */
  readonly statement: Statement | null;
  readonly certificateSha256: string;
  /** At least one; all of them lie in the validity of the certificate. */
  readonly times: readonly TrustedTime[];
  /** The first log time, Unix seconds; null where timestamp authorities alone vouch for time. */
  readonly integratedTime: number | null;
  readonly logEntries: readonly [LoggedEntry, ...LoggedEntry[]];
}

/**
 * Verifies a Sigstore bundle for one file: everything that it carries must hold, whatever would be enough.
 *
 * In this order, and the first failure decides the code: shape of the signing certificate; digest of the file; timestamps;
 * log entries (promise, inclusion proof, and that they are about this signature); at least one trusted time; that each
 * log's key counted then; the path to a Fulcio authority, and the certificate's validity, at every such time; the promises
 * of certificate logs; the signature itself; for an attestation its statement; identity and issuer.
 *
 * Errors: every code of {@link SigstoreError} but those of the parsers.
 * Source: Sigstore client specification, verification; nothing is optional here.
 */
export async function verifySigstore(
  subject: SignedSubject,
  bundle: SigstoreBundle,
  { trustedRoot, identity, issuer }: SigstoreOptions,
): Promise<Result<SignedArtifact, SigstoreError>> {
  const matcher = compileIdentity(identity);
  if (!matcher.ok) return matcher;
  const signer = parseFulcioCertificate(bundle.certificate);
  if (!signer.ok) return signer;
  const digest = digestOf(subject, bundle);
  if (!digest.ok) return digest;
  const times = await verifyTimes(bundle, trustedRoot);
  if (!times.ok) return times;
  const trusted = await verifyCertificate(signer.value, times.value.trusted, trustedRoot);
  if (!trusted.ok) return trusted;
  const signed = await verifyContent(subject, digest.value, bundle, signer.value);
  if (!signed.ok) return signed;
  const accepted = matchSigner(signer.value.claims, matcher.value, issuer);
  if (!accepted.ok) return accepted;
  const [first, ...others] = times.value.entries;
  return ok({
    form: bundle.content.kind,
    ...signer.value.claims,
    sha256: toHex(digest.value),
    statement: signed.value,
    certificateSha256: toHex(sha256(bundle.certificate)),
    times: times.value.trusted,
    integratedTime: [first, ...others].find(({ integratedTime }) => integratedTime !== null)?.integratedTime ?? null,
    logEntries: [loggedEntry(first), ...others.map(loggedEntry)],
  });
}

/** The file's SHA-256; for a signature over the file it must be the one that the signer named. */
function digestOf(subject: SignedSubject, { content }: SigstoreBundle): Result<Uint8Array, SigstoreError> {
  const digest = "bytes" in subject ? sha256(subject.bytes) : subject.sha256;
  if (content.kind === "dsse") return ok(digest);
  return isSame(digest, content.digest)
    ? ok(digest)
    : refuse("artifact-digest-mismatch", { expected: toHex(content.digest), actual: toHex(digest) });
}

interface VerifiedTimes {
  readonly trusted: readonly TrustedTime[];
  readonly entries: readonly [VerifiedLogEntry, ...VerifiedLogEntry[]];
}

async function verifyTimes(
  bundle: SigstoreBundle,
  trustedRoot: TrustedRoot,
): Promise<Result<VerifiedTimes, SigstoreError>> {
  const trusted: TrustedTime[] = [];
  for (const response of bundle.timestamps) {
    const time = await verifyTimestamp(response, bundle.content.signature, trustedRoot.timestampAuthorities);
    if (!time.ok) return time;
    trusted.push({ source: "timestamp-authority", unixMs: time.value });
  }
  const entries: VerifiedLogEntry[] = [];
  for (const entry of bundle.logEntries) {
    const verified = await verifyEntry(entry, bundle, trustedRoot);
    if (!verified.ok) return verified;
    entries.push(verified.value);
    const { integratedTime } = verified.value;
    if (integratedTime !== null) trusted.push({ source: "transparency-log", unixMs: integratedTime * 1000 });
  }
  const [first, ...others] = entries;
  if (first === undefined) return refuse("log-entry-missing");
  if (trusted.length === 0) return refuse("signing-time-missing");
  for (const { log, integratedTime } of entries) {
    // A log that signs no time of its own is judged by the times of the others.
    const instants = integratedTime === null ? trusted.map(({ unixMs }) => unixMs) : [integratedTime * 1000];
    const outside = instants.find((unixMs) => !isInWindow(log.validFor, unixMs));
    if (outside !== undefined)
      return refuse("log-key-outside-window", { subject: log.name, actual: formatUnixMs(outside) });
  }
  return ok({ trusted, entries: [first, ...others] });
}

async function verifyEntry(
  entry: LogEntry,
  { content, certificate }: SigstoreBundle,
  { transparencyLogs }: TrustedRoot,
): Promise<Result<VerifiedLogEntry, SigstoreError>> {
  const verified = await verifyLogEntry(entry, transparencyLogs);
  if (!verified.ok) return verified;
  const body = verifyLogEntryBody(entry, {
    content: content.kind,
    digest: content.kind === "dsse" ? sha256(content.payload) : content.digest,
    signature: content.signature,
    certificate,
  });
  return body.ok ? verified : body;
}

/** Path and validity at every trusted time, then the promises of certificate logs. */
async function verifyCertificate(
  { certificate }: FulcioCertificate,
  times: readonly TrustedTime[],
  trustedRoot: TrustedRoot,
): Promise<Result<null, SigstoreError>> {
  const issuers: X509Certificate[] = [];
  for (const { unixMs } of times) {
    const issuer = await verifyPath(certificate, unixMs, trustedRoot);
    if (!issuer.ok) return issuer;
    issuers.push(issuer.value);
  }
  for (const issuer of new Set(issuers)) {
    const scts = await verifyScts(certificate, issuer, trustedRoot.certificateLogs);
    if (!scts.ok) return scts;
  }
  return ok(null);
}

/**
 * Verifies that a Fulcio authority of the trusted root issued a certificate, and that all counted at one instant.
 *
 * @returns the certificate of its issuer
 * Errors: `signing-certificate-untrusted`, `signing-time-outside-certificate`.
 */
export async function verifyPath(
  certificate: X509Certificate,
  unixMs: number,
  { certificateAuthorities }: TrustedRoot,
): Promise<Result<X509Certificate, SigstoreError>> {
  let reason = "no trusted authority counted at that time";
  for (const authority of certificateAuthorities.filter((candidate) => servesAt(candidate, unixMs))) {
    const problem = await pathProblem(certificate, authority.chain, unixMs, CODE_SIGNING);
    if (problem === null) {
      const { fromMs, toMs } = certificate.validity;
      if (isInWindow(certificate.validity, unixMs)) return ok(authority.chain[0]);
      const expected = `${formatUnixMs(fromMs)} to ${formatUnixMs(toMs)}`;
      return refuse("signing-time-outside-certificate", { expected, actual: formatUnixMs(unixMs) });
    }
    reason = problem;
  }
  return refuse("signing-certificate-untrusted", { reason });
}

/** The signature, and for an attestation what it says about this file. */
async function verifyContent(
  subject: SignedSubject,
  digest: Uint8Array,
  { content }: SigstoreBundle,
  { certificate }: FulcioCertificate,
): Promise<Result<Statement | null, SigstoreError>> {
  if (content.kind === "message-signature") {
    if (!("bytes" in subject)) return refuse("artifact-content-required");
    return (await isSignedBy(certificate, content.signature, subject.bytes))
      ? ok(null)
      : refuse("artifact-signature-invalid");
  }
  const isSigned = await isSignedBy(certificate, content.signature, preAuthenticationEncoding(content));
  if (!isSigned) return refuse("artifact-signature-invalid");
  const statement = parseStatement(content);
  if (!statement.ok) return statement;
  const sha256Hex = toHex(digest);
  return statement.value.subjects.some((candidate) => candidate.sha256 === sha256Hex)
    ? statement
    : refuse("attestation-subject-mismatch", { actual: sha256Hex });
}

/** Whether the key of a signing certificate made a signature: ECDSA P-256 over SHA-256. */
export async function isSignedBy(
  { publicKey }: X509Certificate,
  signature: Uint8Array,
  message: Uint8Array,
): Promise<boolean> {
  return await verifyBy(publicKey, "SHA-256", signature, message);
}

function loggedEntry({ entry, integratedTime }: VerifiedLogEntry): LoggedEntry {
  const { logIndex, logId, kind, version } = entry;
  return { logIndex, logIdHex: toHex(logId), integratedTime, kind, version };
}
