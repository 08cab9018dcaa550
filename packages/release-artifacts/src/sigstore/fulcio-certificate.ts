import { DER_TAG, derParts, derText, parseDer } from "@mero-tee/tdx-quote/der";
import { ok, type Result } from "@mero-tee/tdx-quote/result";
import { CODE_SIGNING, leafProblem } from "./certificate-path.ts";
import { refuse, type SigstoreError } from "./sigstore-error.ts";
import { decodedExtension, parseX509Certificate, type X509Certificate } from "./x509-certificate.ts";

const SUBJECT_ALTERNATIVE_NAME = "2.5.29.17";
const RFC822_NAME = 0x81;
const URI = 0x86;
const FULCIO = "1.3.6.1.4.1.57264.1.";

/**
 * What Fulcio writes into a certificate about the run that asked for it, by the last number of the OID. Up to 6 the text
 * stands there as it is, from 8 on as a UTF8String.
 * Source: Sigstore, Fulcio OID information.
 */
const EXTENSIONS = {
  2: "githubWorkflowTrigger",
  3: "githubWorkflowSha",
  4: "githubWorkflowName",
  5: "githubWorkflowRepository",
  6: "githubWorkflowRef",
  9: "buildSignerUri",
  10: "buildSignerDigest",
  11: "runnerEnvironment",
  12: "sourceRepositoryUri",
  13: "sourceRepositoryDigest",
  14: "sourceRepositoryRef",
  15: "sourceRepositoryIdentifier",
  16: "sourceRepositoryOwnerUri",
  17: "sourceRepositoryOwnerIdentifier",
  18: "buildConfigUri",
  19: "buildConfigDigest",
  20: "buildTrigger",
  21: "runInvocationUri",
  22: "sourceRepositoryVisibility",
} as const;

const FIRST_ENCODED_EXTENSION = 8;
const ISSUER_RAW = 1;
const ISSUER = 8;

/** The name of one of those extensions. */
export type FulcioExtensionName = (typeof EXTENSIONS)[keyof typeof EXTENSIONS];

/** What Fulcio vouches for about the signer. */
export interface SignerClaims {
  /** The one subject alternative name: a URI (a workflow) or an e-mail address (a person). */
  readonly identity: string;
  readonly identityKind: "uri" | "email";
  /** Address of the OpenID provider that Fulcio asked. */
  readonly issuer: string;
  readonly extensions: Readonly<Partial<Record<FulcioExtensionName, string>>>;
}

/** A leaf of Fulcio's that has the right shape. **Not authenticated** by itself. */
export interface FulcioCertificate {
  readonly certificate: X509Certificate;
  readonly claims: SignerClaims;
}

/**
 * Reads a signing certificate by Fulcio's profile: a P-256 key, no CA, for code signing alone, exactly one identity, and an
 * issuer, which both of its extensions name alike where both are present.
 *
 * Errors: `signing-certificate-malformed`, `signing-certificate-unfit`.
 * Source: Sigstore, Fulcio certificate specification and OID information.
 */
export function parseFulcioCertificate(der: Uint8Array): Result<FulcioCertificate, SigstoreError> {
  const parsed = parseX509Certificate(der);
  if (!parsed.ok) return refuse("signing-certificate-malformed", { reason: parsed.error.reason });
  const certificate = parsed.value;
  const problem = leafProblem(certificate, CODE_SIGNING, [SUBJECT_ALTERNATIVE_NAME]);
  if (problem !== null) return refuse("signing-certificate-unfit", { reason: problem });
  if (certificate.publicKey?.kind !== "P-256") {
    return refuse("signing-certificate-unfit", { reason: "its key is not on P-256" });
  }
  const identity = subjectAlternativeName(certificate);
  if (identity === null)
    return refuse("signing-certificate-unfit", { reason: "it does not name exactly one identity" });
  const claims = readClaims(certificate);
  if (claims === null) return refuse("signing-certificate-unfit", { reason: "an extension of Fulcio's is malformed" });
  const issuer = agreedIssuer(claims);
  if (issuer === null) return refuse("signing-certificate-unfit", { reason: "it does not name one issuer" });
  const named = Object.entries(EXTENSIONS).flatMap(([number, name]) => {
    const value = claims.get(Number(number));
    return value === undefined ? [] : [[name, value] as const];
  });
  return ok({ certificate, claims: { ...identity, issuer, extensions: Object.fromEntries(named) } });
}

function agreedIssuer(claims: ReadonlyMap<number, string>): string | null {
  const issuer = claims.get(ISSUER);
  const raw = claims.get(ISSUER_RAW);
  return issuer !== undefined && raw !== undefined && issuer !== raw ? null : (issuer ?? raw ?? null);
}

/** Every extension of Fulcio's by its last number; null when one is not text. */
function readClaims({ extensions }: X509Certificate): ReadonlyMap<number, string> | null {
  const claims = new Map<number, string>();
  for (const { oid, value } of extensions) {
    const number = oid.startsWith(FULCIO) ? Number(oid.slice(FULCIO.length)) : Number.NaN;
    if (number !== ISSUER_RAW && number !== ISSUER && !(number in EXTENSIONS)) continue;
    const text = number < FIRST_ENCODED_EXTENSION ? utf8(value) : encodedText(value);
    if (text === null || text === "") return null;
    claims.set(number, text);
  }
  return claims;
}

function encodedText(value: Uint8Array): string | null {
  const document = parseDer(value);
  return document.ok && document.value.tag === DER_TAG.utf8String ? derText(document.value) : null;
}

function utf8(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    // The decoder says nothing but "not UTF-8".
    return null;
  }
}

function subjectAlternativeName(certificate: X509Certificate): Pick<SignerClaims, "identity" | "identityKind"> | null {
  const names = derParts(decodedExtension(certificate, SUBJECT_ALTERNATIVE_NAME) ?? undefined, DER_TAG.sequence);
  const [name, ...others] = names ?? [];
  if (name === undefined || others.length > 0) return null;
  // An IA5String: ASCII without control characters, so that it reads as what it is.
  const identity = String.fromCharCode(...name.content);
  if (!/^[\x21-\x7e]{1,2048}$/.test(identity)) return null;
  if (name.tag === URI) return { identity, identityKind: "uri" };
  return name.tag === RFC822_NAME ? { identity, identityKind: "email" } : null;
}
