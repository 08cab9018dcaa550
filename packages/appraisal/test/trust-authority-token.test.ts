import { createHash, createSign, generateKeyPairSync, type KeyObject, type webcrypto } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import { verifyTrustAuthorityToken } from "../src/index.ts";

const ISSUER = "https://portal.trustauthority.intel.com";
/** 2026-11-01T00:00:00Z. */
const NOW = 1_793_491_200;
const PS384 = {
  name: "RSA-PSS",
  hash: "SHA-384",
  modulusLength: 2048,
  publicExponent: Uint8Array.of(1, 0, 1),
} as const;

type Json = Readonly<Record<string, unknown>>;

let keys: webcrypto.CryptoKeyPair;
let jwk: Json;
/** The key again, with a chain to a root of its own. */
let chained: { readonly jwk: Json; readonly rootSha256: string; readonly otherRoot: string };

function base64Url(content: string | Uint8Array): string {
  return Buffer.from(content).toString("base64url");
}

async function tokenWith(claims: Json, header: Json = {}): Promise<string> {
  const signed = `${base64Url(JSON.stringify({ alg: "PS384", typ: "JWT", kid: "one", ...header }))}.${base64Url(JSON.stringify(claims))}`;
  const algorithm = { name: "RSA-PSS", saltLength: 48 };
  const signature = await crypto.subtle.sign(algorithm, keys.privateKey, new TextEncoder().encode(signed));
  return `${signed}.${base64Url(new Uint8Array(signature))}`;
}

const CLAIMS: Json = { iss: ISSUER, iat: NOW - 10, nbf: NOW - 10, exp: NOW + 300 };

/** One DER value. Source: X.690, section 8.1. */
function der(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(contents);
  const { length } = content;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Uint8Array.of(tag, ...size), content]);
}

const hex = (text: string): Uint8Array => Buffer.from(text, "hex");
/** sha384WithRSAEncryption. */
const RSA_SHA384 = der(0x30, hex("06092a864886f70d01010c"), hex("0500"));
/** Critical: a CA without limit, and one that may sign certificates. */
const CA_EXTENSIONS = der(
  0xa3,
  der(
    0x30,
    der(0x30, hex("0603551d13"), hex("0101ff"), der(0x04, der(0x30, hex("0101ff")))),
    der(0x30, hex("0603551d0f"), hex("0101ff"), der(0x04, hex("03020204"))),
  ),
);

function nameOf(text: string): Uint8Array {
  return der(0x30, der(0x31, der(0x30, hex("0603550403"), der(0x0c, Buffer.from(text)))));
}

/** A certificate that counts in November 2026. */
function certificate(
  subject: string,
  spki: Uint8Array,
  issuer: string,
  signer: KeyObject,
  extensions: Uint8Array = new Uint8Array(0),
): Buffer {
  const validity = der(0x30, der(0x17, Buffer.from("261001000000Z")), der(0x17, Buffer.from("261201000000Z")));
  const version = der(0xa0, hex("020102"));
  const tbs = der(
    0x30,
    version,
    hex("020101"),
    RSA_SHA384,
    nameOf(issuer),
    validity,
    nameOf(subject),
    spki,
    extensions,
  );
  const signature = createSign("SHA384").update(tbs).sign(signer);
  return Buffer.from(der(0x30, tbs, RSA_SHA384, der(0x03, Uint8Array.of(0), signature)));
}

async function makeChain(): Promise<typeof chained> {
  const ca = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const caSpki = ca.publicKey.export({ type: "spki", format: "der" });
  const root = certificate("Root", caSpki, "Root", ca.privateKey, CA_EXTENSIONS);
  const spki = new Uint8Array(await crypto.subtle.exportKey("spki", keys.publicKey));
  const leaf = certificate("Signer", spki, "Root", ca.privateKey);
  const x5c = [leaf, root].map((each) => each.toString("base64"));
  const rootSha256 = createHash("sha256").update(root).digest("hex");
  return { jwk: { ...jwk, x5c }, rootSha256, otherRoot: "00".repeat(32) };
}

beforeAll(async () => {
  keys = await crypto.subtle.generateKey(PS384, true, ["sign", "verify"]);
  const { n, e } = await crypto.subtle.exportKey("jwk", keys.publicKey);
  jwk = { kty: "RSA", kid: "one", use: "sig", alg: "PS384", n, e };
  chained = await makeChain();
}, 120_000);

interface Row {
  readonly name: string;
  readonly claims?: Json;
  readonly header?: Json;
  readonly edit?: (token: string) => string;
  readonly keys?: () => readonly Json[];
  readonly roots?: () => readonly string[];
  readonly code: string;
}

async function judge({
  claims = {},
  header,
  edit,
  keys: set,
  roots,
}: Omit<Row, "name" | "code"> & { readonly name?: string }) {
  const token = await tokenWith({ ...CLAIMS, ...claims }, header);
  const answer = { token: edit?.(token) ?? token, keySet: JSON.stringify({ keys: set?.() ?? [jwk] }) };
  return await verifyTrustAuthorityToken(answer, { issuer: ISSUER, rootSha256: roots?.() ?? [] }, NOW);
}

/** The first part of a token with another header, the rest as it was. */
function withHeader(token: string, header: Json): string {
  return [base64Url(JSON.stringify(header)), ...token.split(".").slice(1)].join(".");
}

describe("a token of Intel Trust Authority", () => {
  test("counts, without a pinned root as no independent opinion", async () => {
    expect(await judge({})).toMatchObject({ ok: true, value: { isPinned: false, algorithm: "PS384", keyId: "one" } });
  });

  test("counts as one where the chain of its key leads to a pinned root", async () => {
    const judged = await judge({ keys: () => [chained.jwk], roots: () => [chained.otherRoot, chained.rootSha256] });
    expect(judged).toMatchObject({ ok: true, value: { isPinned: true } });
  });

  test.each<Row>([
    { name: "is no JWS", edit: () => "a.b", code: "ita-token-malformed" },
    // Mistake 6.
    { name: "is a version number", edit: () => "1.2.3", code: "ita-token-malformed" },
    {
      name: "says that it is not signed",
      edit: (token) => withHeader(token, { alg: "none", kid: "one" }),
      code: "ita-algorithm-forbidden",
    },
    {
      name: "is signed with the public key as a secret",
      edit: (token) => withHeader(token, { alg: "HS256", kid: "one" }),
      code: "ita-algorithm-forbidden",
    },
    { name: "names another key", header: { kid: "two" }, code: "ita-key-unknown" },
    { name: "brings its own key", header: { kid: "two", jwk: { kty: "RSA" } }, code: "ita-key-unknown" },
    { name: "names a key that is there twice", keys: () => [jwk, jwk], code: "ita-key-unknown" },
    {
      name: "is signed by a short key",
      keys: () => [{ ...jwk, n: base64Url(new Uint8Array(128).fill(0xff)) }],
      code: "ita-key-unsound",
    },
    { name: "is signed by a key for encryption", keys: () => [{ ...jwk, use: "enc" }], code: "ita-key-unsound" },
    {
      name: "is signed by a key for another algorithm",
      keys: () => [{ ...jwk, alg: "RS256" }],
      code: "ita-key-unsound",
    },
    {
      name: "has other claims than were signed",
      edit: (token) => token.replace(/\.[^.]+\./, `.${base64Url(JSON.stringify({ ...CLAIMS, x: 1 }))}.`),
      code: "ita-signature-invalid",
    },
    { name: "is of another issuer", claims: { iss: `${ISSUER}/` }, code: "ita-issuer-mismatch" },
    { name: "has expired", claims: { exp: NOW - 61 }, code: "ita-token-expired" },
    { name: "never expires", claims: { exp: null }, code: "ita-token-expired" },
    { name: "is not valid yet", claims: { nbf: NOW + 61 }, code: "ita-token-not-yet-valid" },
    { name: "was issued in the future", claims: { iat: NOW + 61 }, code: "ita-token-not-yet-valid" },
    { name: "has no chain where a root is pinned", roots: () => [chained.rootSha256], code: "ita-key-unsound" },
    {
      name: "leads to another root",
      keys: () => [chained.jwk],
      roots: () => [chained.otherRoot],
      code: "ita-key-unsound",
    },
    {
      name: "has the chain of another key",
      keys: () => [{ ...chained.jwk, e: base64Url(Uint8Array.of(3)) }],
      roots: () => [chained.rootSha256],
      code: "ita-key-unsound",
    },
    {
      name: "has a chain without its root",
      keys: () => [{ ...chained.jwk, x5c: Object.values(Object(chained.jwk["x5c"])).slice(0, 1) }],
      roots: () => [chained.rootSha256],
      code: "ita-key-unsound",
    },
  ])("that $name is refused", async ({ code, ...row }) => {
    expect(await judge(row)).toMatchObject({ ok: false, error: { code } });
  });

  test.each([
    { field: "exp", seconds: -60 },
    { field: "nbf", seconds: 60 },
    { field: "iat", seconds: 60 },
  ])("is given a minute of $field", async ({ field, seconds }) => {
    expect(await judge({ claims: { [field]: NOW + seconds } })).toMatchObject({ ok: true });
  });
});
