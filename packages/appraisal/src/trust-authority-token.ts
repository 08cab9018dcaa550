import { judgeRsaChain } from "@mero-tee/release-artifacts/rsa-chain";
import { parseBase64 } from "@mero-tee/tdx-quote/base64";
import { equalBytes } from "@mero-tee/tdx-quote/equal-bytes";
import { isJsonObject, type JsonValue, parseStrictJson } from "@mero-tee/tdx-quote/json";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

import type { AppraisalCode } from "./appraisal-code.ts";
import { parseBase64Url } from "./base64url.ts";
import type { Anchors, TrustAuthorityAnswer } from "./request.ts";

/** Longest token, and longest key set, in characters. */
const TOKEN_LIMIT = 64 * 1024;
const KEY_SET_LIMIT_BYTES = 256 * 1024;
/** How far clocks may be apart, in seconds. */
const SKEW_SECONDS = 60;
const MODULUS_MIN_BYTES = 256;

/** A token whose signature, issuer and times hold. */
export interface TrustAuthorityToken {
  readonly algorithm: string;
  readonly keyId: string;
  /** Not from the token: whether the signer's chain leads to a root that this build knows. Without, it is no independent opinion. */
  readonly isPinned: boolean;
  readonly claims: ReadonlyMap<string, JsonValue>;
  /** Unix seconds. */
  readonly issuedAt: number;
  readonly expiresAt: number;
}

/** Why a token does not count. */
export interface TokenProblem {
  readonly code: AppraisalCode & `ita-${string}`;
  readonly sentence: string;
}

/** An algorithm as WebCrypto names it. */
interface RsaAlgorithm {
  readonly importing: { readonly name: string; readonly hash: string };
  readonly verifying: { readonly name: string; readonly saltLength: number };
}

/** What WebCrypto needs for each algorithm that is accepted. Source: RFC 7518, sections 3.3 and 3.5. */
const ALGORITHMS: ReadonlyMap<string, RsaAlgorithm> = new Map([
  ["PS384", { importing: { name: "RSA-PSS", hash: "SHA-384" }, verifying: { name: "RSA-PSS", saltLength: 48 } }],
  [
    "RS256",
    {
      importing: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
      verifying: { name: "RSASSA-PKCS1-v1_5", saltLength: 0 },
    },
  ],
]);

/**
 * Verifies a token of Intel Trust Authority: compact JWS, one of two algorithms, a key of the set that the header names by
 * `kid` (never one that the token brings), issuer and times; where roots are pinned, the chain of that key.
 *
 * @param now - Unix seconds
 * Errors: every `ita-*` code that speaks about the token.
 * Source: RFC 7515; RFC 7519; Intel Trust Authority, attestation tokens.
 */
export async function verifyTrustAuthorityToken(
  { token, keySet }: TrustAuthorityAnswer,
  trust: Anchors["trustAuthority"],
  now: number,
): Promise<Result<TrustAuthorityToken, TokenProblem>> {
  const parts = token.length > TOKEN_LIMIT ? [] : token.split(".");
  const [header, claims] = parts.slice(0, 2).map(objectOf);
  const signature = parseBase64Url(parts[2] ?? "");
  if (parts.length !== 3 || !header || !claims || signature === null) {
    return refuse("ita-token-malformed", "The token is no compact JWS of JSON objects");
  }
  const algorithm = header.get("alg");
  const accepted = typeof algorithm === "string" ? ALGORITHMS.get(algorithm) : undefined;
  if (typeof algorithm !== "string" || accepted === undefined) {
    return refuse("ita-algorithm-forbidden", "The token is signed with another algorithm than PS384 or RS256");
  }
  const keyId = header.get("kid");
  const key = typeof keyId === "string" ? findKey(keySet, keyId) : null;
  if (typeof keyId !== "string" || key === null)
    return refuse("ita-key-unknown", "The key set has not the key that the token names");
  const sound = await judgeKey(key, algorithm, trust.rootSha256, now);
  if (!sound.ok) return sound;
  const signed = new TextEncoder().encode(`${parts[0] ?? ""}.${parts[1] ?? ""}`);
  if (!(await verifies(key, accepted, signature, signed))) {
    return refuse("ita-signature-invalid", "The signature of the token is wrong");
  }
  if (claims.get("iss") !== trust.issuer) return refuse("ita-issuer-mismatch", "The token is of another issuer");
  const [issuedAt, notBefore, expiresAt] = ["iat", "nbf", "exp"].map((name) => secondsOf(claims.get(name)));
  if (expiresAt == null || now > expiresAt + SKEW_SECONDS) return refuse("ita-token-expired", "The token has expired");
  if (issuedAt == null || now < Math.max(issuedAt, notBefore ?? issuedAt) - SKEW_SECONDS) {
    return refuse("ita-token-not-yet-valid", "The token is not valid yet");
  }
  return ok({ algorithm, keyId, isPinned: sound.value, claims, issuedAt, expiresAt });
}

function refuse(code: TokenProblem["code"], what: string): { readonly ok: false; readonly error: TokenProblem } {
  return err({ code, sentence: `${what}.` });
}

function objectOf(part: string): ReadonlyMap<string, JsonValue> | null {
  const bytes = parseBase64Url(part);
  const json = bytes === null ? null : parseStrictJson(bytes, { maxBytes: TOKEN_LIMIT });
  return json?.ok === true && isJsonObject(json.value) ? json.value : null;
}

function secondsOf(value: JsonValue | undefined): number | null {
  const isNumber = typeof value === "object" && value !== null && "kind" in value && Number.isFinite(value.value);
  return isNumber ? value.value : null;
}

type Jwk = ReadonlyMap<string, JsonValue>;

/** The one key of that id; two of them would leave the choice to whoever wrote the set. */
function findKey(keySet: string, keyId: string): Jwk | null {
  const json = parseStrictJson(keySet, { maxBytes: KEY_SET_LIMIT_BYTES });
  const keys = json.ok && isJsonObject(json.value) ? json.value.get("keys") : null;
  if (!Array.isArray(keys)) return null;
  const found = keys.filter(isJsonObject).filter((key) => key.get("kid") === keyId);
  return found.length === 1 ? (found[0] ?? null) : null;
}

/** @returns whether the key's chain leads to a pinned root; false where none is pinned */
async function judgeKey(
  key: Jwk,
  algorithm: string,
  rootSha256: readonly string[],
  now: number,
): Promise<Result<boolean, TokenProblem>> {
  const [modulus, exponent] = ["n", "e"].map((name) => bytesOf(key.get(name)));
  const isRsa = key.get("kty") === "RSA" && modulus != null && exponent != null;
  const strips = (modulus ?? new Uint8Array(0)).findIndex((byte) => byte !== 0);
  if (!isRsa || modulus.length - Math.max(0, strips) < MODULUS_MIN_BYTES) {
    return refuse("ita-key-unsound", "The key is not RSA of at least 2048 bits");
  }
  const [use, alg] = [key.get("use"), key.get("alg")];
  if ((use !== undefined && use !== "sig") || (alg !== undefined && alg !== algorithm)) {
    return refuse("ita-key-unsound", "The key is for another use");
  }
  if (rootSha256.length === 0) return ok(false);
  const chain = key.get("x5c");
  const certificates = Array.isArray(chain)
    ? chain.map((each) => (typeof each === "string" ? parseBase64(each) : null))
    : [];
  if (certificates.includes(null)) return refuse("ita-key-unsound", "The chain of the key cannot be read");
  const judged = await judgeRsaChain(
    certificates.filter((each) => each !== null),
    rootSha256,
    now,
  );
  if ("problem" in judged) return refuse("ita-key-unsound", `The chain of the key does not hold: ${judged.problem}`);
  return (await isSameKey(judged.leafSpki, modulus, exponent))
    ? ok(true)
    : refuse("ita-key-unsound", "The key is not that of its certificate");
}

function bytesOf(value: JsonValue | undefined): Uint8Array<ArrayBuffer> | null {
  return typeof value === "string" ? parseBase64Url(value) : null;
}

async function isSameKey(spki: Uint8Array<ArrayBuffer>, modulus: Uint8Array, exponent: Uint8Array): Promise<boolean> {
  try {
    const key = await crypto.subtle.importKey("spki", spki, { name: "RSA-PSS", hash: "SHA-384" }, true, ["verify"]);
    const { n, e } = await crypto.subtle.exportKey("jwk", key);
    const [ownModulus, ownExponent] = [parseBase64Url(n ?? ""), parseBase64Url(e ?? "")];
    return (
      ownModulus !== null &&
      ownExponent !== null &&
      equalBytes(ownModulus, modulus) &&
      equalBytes(ownExponent, exponent)
    );
  } catch {
    // WebCrypto says with exceptions what it cannot use.
    return false;
  }
}

async function verifies(
  key: Jwk,
  { importing, verifying }: RsaAlgorithm,
  signature: Uint8Array<ArrayBuffer>,
  signed: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  const [n, e] = [key.get("n"), key.get("e")];
  if (typeof n !== "string" || typeof e !== "string") return false;
  try {
    const imported = await crypto.subtle.importKey("jwk", { kty: "RSA", n, e }, importing, false, ["verify"]);
    return await crypto.subtle.verify(verifying, imported, signature, signed);
  } catch {
    // WebCrypto says with exceptions what it cannot use.
    return false;
  }
}
