import { toHex } from "@mero-tee/tdx-quote/hex";
import { x25519 } from "@noble/curves/ed25519.js";
import {
  AEAD_AES_256_GCM,
  CipherSuite,
  type CryptoKey,
  KDF_HKDF_SHA256,
  KEM_DHKEM_X25519_HKDF_SHA256,
  type KeyPair,
} from "hpke";
import { describe, expect, test } from "vitest";

import { type SealedKey, type WrapKey, SecretBytes, createKeySealer, createWrapKeyPair } from "../src/index.ts";
import { wrapKeyPairOf } from "../src/key-seal.ts";
import { wrapKeyOf } from "../src/key-wrap.ts";
import { WRAP_VECTOR, bytes } from "./wire-vector.ts";

const SUITE = new CipherSuite(KEM_DHKEM_X25519_HKDF_SHA256, KDF_HKDF_SHA256, AEAD_AES_256_GCM);
const transcript = bytes(WRAP_VECTOR.transcriptHex);

function secret(): SecretBytes {
  return new SecretBytes(bytes(WRAP_VECTOR.keyHex));
}

async function sealTo(wrapKey: WrapKey, about: Uint8Array = transcript): Promise<SealedKey> {
  const sealer = await createKeySealer(wrapKey);
  if (sealer === null) throw new Error("the key is refused");
  return sealer.seal(secret(), about);
}

function flipBit(value: Uint8Array, at: number): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(value);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

describe("the published vector", () => {
  test("the node's key pair, which opens what the KMS sealed", async () => {
    const exportable = await SUITE.DeriveKeyPair(bytes(WRAP_VECTOR.nodeKeyIkmHex), true);
    expect(toHex(await SUITE.SerializePrivateKey(exportable.privateKey))).toBe(WRAP_VECTOR.nodePrivateKeyHex);
    const pair = await wrapKeyPairOf(exportable);
    expect(toHex(pair.wrapKey)).toBe(WRAP_VECTOR.wrapKeyHex);
    const sealed = { enc: bytes(WRAP_VECTOR.encHex), ciphertext: bytes(WRAP_VECTOR.ciphertextHex) };
    const key = await pair.open(sealed, transcript);
    expect(key?.use(toHex)).toBe(WRAP_VECTOR.keyHex);
  });

  test("what a KMS seals with the ephemeral key of the vector", async () => {
    const ephemeral = await SUITE.DeriveKeyPair(bytes(WRAP_VECTOR.ephemeralIkmHex));
    // The one random value of HPKE, fixed.
    const fixed = new CipherSuite(
      () => {
        const kem = KEM_DHKEM_X25519_HKDF_SHA256();
        return { ...kem, GenerateKeyPair: (): Promise<KeyPair<CryptoKey>> => Promise.resolve(ephemeral) };
      },
      KDF_HKDF_SHA256,
      AEAD_AES_256_GCM,
    );
    const sealer = await createKeySealer(wrapKeyOf(bytes(WRAP_VECTOR.wrapKeyHex)), fixed);
    const sealed = await sealer?.seal(secret(), transcript);
    expect(toHex(sealed?.enc ?? bytes(""))).toBe(WRAP_VECTOR.encHex);
    expect(toHex(sealed?.ciphertext ?? bytes(""))).toBe(WRAP_VECTOR.ciphertextHex);
  });
});

describe("a sealed key", () => {
  test("opens once for the pair that it was sealed to", async () => {
    const pair = await createWrapKeyPair();
    const sealed = await sealTo(pair.wrapKey);
    expect((await pair.open(sealed, transcript))?.use(toHex)).toBe(WRAP_VECTOR.keyHex);
    await expect(pair.open(sealed, transcript)).rejects.toThrow("used twice");
  });

  test("leaves nothing of the private half, even where it does not open", async () => {
    const pair = await createWrapKeyPair();
    const sealed = await sealTo(pair.wrapKey);
    expect(await pair.open(sealed, flipBit(transcript, 0))).toBeNull();
    await expect(pair.open(sealed, transcript)).rejects.toThrow("used twice");
  });

  test.each([
    { name: "its encapsulated key changed", change: (s: SealedKey) => ({ ...s, enc: flipBit(s.enc, 0) }) },
    { name: "its ciphertext changed", change: (s: SealedKey) => ({ ...s, ciphertext: flipBit(s.ciphertext, 0) }) },
    { name: "its tag changed", change: (s: SealedKey) => ({ ...s, ciphertext: flipBit(s.ciphertext, 47) }) },
    { name: "an encapsulated key of low order", change: (s: SealedKey) => ({ ...s, enc: new Uint8Array(32) }) },
  ])("does not open with $name", async ({ change }) => {
    const pair = await createWrapKeyPair();
    expect(await pair.open(change(await sealTo(pair.wrapKey)), transcript)).toBeNull();
  });

  test("does not open for another pair, or under another transcript", async () => {
    const pair = await createWrapKeyPair();
    const sealed = await sealTo(pair.wrapKey);
    expect(await (await createWrapKeyPair()).open(sealed, transcript)).toBeNull();
    expect(await pair.open(sealed, flipBit(transcript, 31))).toBeNull();
  });

  test("is another each time, for the same key and the same receiver", async () => {
    const { wrapKey } = await createWrapKeyPair();
    const [first, second] = [await sealTo(wrapKey), await sealTo(wrapKey)];
    expect(toHex(first.enc)).not.toBe(toHex(second.enc));
    expect(toHex(first.ciphertext)).not.toBe(toHex(second.ciphertext));
  });
});

const P = 2n ** 255n - 19n;

function littleEndian(value: bigint): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: 32 }, (_, index) => Number((value >> BigInt(8 * index)) & 0xffn));
}

/** Every u-coordinate of low order, in every spelling of 32 bytes. Source: RFC 7748, section 7; Curve25519 paper. */
const LOW_ORDER = [
  0n,
  1n,
  325606250916557431795983626356110631294008115727848805560023387167927233504n,
  39382357235489614581723060781553021112529911719440698176882885853963445705823n,
  P - 1n,
  P,
  P + 1n,
].flatMap((u) => [u, u + 2n ** 255n].map((spelled) => ({ spelled: toHex(littleEndian(spelled)) })));

describe("a wrap key of low order", () => {
  test.each(LOW_ORDER)("$spelled is refused before anything is sealed", async ({ spelled }) => {
    expect(await createKeySealer(wrapKeyOf(bytes(spelled)))).toBeNull();
    // Another implementation agrees that these are the points.
    expect(() => x25519.getSharedSecret(bytes(WRAP_VECTOR.nodePrivateKeyHex), bytes(spelled))).toThrow(/invalid/);
  });

  test("is not the base point, which is public and of high order", async () => {
    expect(await createKeySealer(wrapKeyOf(littleEndian(9n)))).not.toBeNull();
  });
});

test("an exported private half is impossible: the handle does not give it", async () => {
  const generated = await SUITE.GenerateKeyPair(false);
  await expect(SUITE.SerializePrivateKey(generated.privateKey)).rejects.toThrow(/SerializePrivateKey|extractable/i);
});
