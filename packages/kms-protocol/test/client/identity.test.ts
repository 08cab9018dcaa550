import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import { describe, expect, test } from "vitest";

import { parsePeerId } from "../../src/index.ts";
import { generateIdentity, identityFromSeed, parseIdentity } from "../../src/client/index.ts";
import { VECTOR, bytes } from "../wire-vector.ts";

/** The vector's key as PKCS#8, made by Node's crypto. */
const PEM = createPrivateKey({
  key: Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), bytes(VECTOR.seedHex)]),
  format: "der",
  type: "pkcs8",
})
  .export({ format: "pem", type: "pkcs8" })
  .toString();

describe("an identity file", () => {
  test.each([
    { name: "a seed in hex", text: VECTOR.seedHex },
    { name: "a seed in upper case with a prefix and a line feed", text: `0x${VECTOR.seedHex.toUpperCase()}\n` },
    { name: "PEM", text: PEM },
    { name: "PEM with carriage returns and blank lines around", text: `\r\n${PEM.replaceAll("\n", "\r\n")}\r\n` },
  ])("is read as $name", async ({ text }) => {
    const identity = await parseIdentity(text);
    expect(identity.ok && identity.value.peerId).toBe(VECTOR.peerId);
    const signature = identity.ok ? await identity.value.sign(new TextEncoder().encode(VECTOR.payload)) : null;
    expect(signature).toEqual(bytes(VECTOR.signatureHex));
  });

  const rsa = generateKeyPairSync("ec", { namedCurve: "P-256" });
  test.each([
    { name: "nothing", text: "", reason: "not 32 bytes" },
    { name: "a seed of 31 bytes", text: VECTOR.seedHex.slice(2), reason: "not 32 bytes" },
    { name: "a seed and a public key", text: VECTOR.seedHex + VECTOR.publicKeyHex, reason: "not 32 bytes" },
    { name: "an odd number of digits", text: VECTOR.seedHex.slice(1), reason: "neither PEM nor hex" },
    {
      name: "base64 without armour",
      text: Buffer.from(VECTOR.seedHex, "hex").toString("base64"),
      reason: "neither PEM nor hex",
    },
    { name: "a public key", text: PEM.replaceAll("PRIVATE", "PUBLIC"), reason: "neither PEM nor hex" },
    { name: "two keys", text: PEM + PEM, reason: "neither PEM nor hex" },
    { name: "text before the armour", text: `key: ${PEM}`, reason: "neither PEM nor hex" },
    { name: "base64 that is cut", text: PEM.replace(/..\n-----END/, "\n-----END"), reason: "neither PEM nor hex" },
    {
      name: "a key of another curve",
      text: rsa.privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
      reason: "not an Ed25519 private key",
    },
    {
      name: "a structure that is cut",
      text: "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIE\n-----END PRIVATE KEY-----",
      reason: "not an Ed25519 private key",
    },
  ])("is refused for $name", async ({ text, reason }) => {
    expect(await parseIdentity(text)).toEqual({ ok: false, error: { code: "identity-malformed", reason } });
  });
});

describe("a seed", () => {
  test("is wiped once the identity is made", async () => {
    const seed = bytes(VECTOR.seedHex);
    const identity = await identityFromSeed(seed);
    expect(identity.ok && identity.value.peerId).toBe(VECTOR.peerId);
    expect(seed).toEqual(new Uint8Array(32));
  });

  test("of another length is refused, and wiped as well", async () => {
    const seed = new Uint8Array(33).fill(1);
    expect(await identityFromSeed(seed)).toEqual({
      ok: false,
      error: { code: "identity-malformed", reason: "not 32 bytes" },
    });
    expect(seed).toEqual(new Uint8Array(33));
  });
});

describe("a new identity", () => {
  test("is another one each time and has a valid peer id", async () => {
    const [first, second] = await Promise.all([generateIdentity(), generateIdentity()]);
    expect(parsePeerId(first.peerId)).toEqual({ ok: true, value: first.peerId });
    expect(first.peerId).not.toBe(second.peerId);
  });

  test("does not show its private key", async () => {
    const identity = await generateIdentity();
    expect(Object.keys(identity).toSorted()).toEqual(["peerId", "publicKey", "sign"]);
  });
});
