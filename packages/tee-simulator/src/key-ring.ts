import { p256 } from "@noble/curves/nist.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { concatBytes, utf8 } from "./byte-writer.ts";
import { derBitString, derOid, derSequence, derUnsigned } from "./der-writer.ts";

/** A P-256 key pair of the simulated world; its secret protects nothing. */
export interface KeyPair {
  readonly secretKey: Uint8Array;
  /** `x || y`, big-endian, 64 bytes, as quotes carry attestation keys. */
  readonly publicKey: Uint8Array;
  /** The first 20 bytes of SHA-256 over the point (RFC 7093, section 2, method 1). */
  readonly keyId: Uint8Array;
}

/** Keys by name, each derived from the seed when first asked for: the same seed always gives the same platform. */
export interface KeyRing {
  /** The key pair of that name. */
  pair(name: string): KeyPair;
  /** `length` bytes of that name, for identifiers and secrets of the platform. */
  bytes(name: string, length: number): Uint8Array;
  /** A ring with other keys under the same names, itself determined by the seed. */
  sibling(name: string): KeyRing;
}

/** Derives a ring from a seed by HKDF-SHA256, one label for each name. */
export function createKeyRing(seed: Uint8Array): KeyRing {
  const pairs = new Map<string, KeyPair>();
  const siblings = new Map<string, KeyRing>();
  const bytes = (name: string, length: number): Uint8Array =>
    hkdf(sha256, seed, utf8("mero-tee simulated platform"), utf8(name), length);
  return {
    bytes,
    pair(name) {
      const known = pairs.get(name);
      if (known !== undefined) return known;
      const secretKey = p256.utils.randomSecretKey(bytes(`key ${name}`, 48));
      const publicKey = p256.getPublicKey(secretKey, false).slice(1);
      const pair = { secretKey, publicKey, keyId: sha256(concatBytes(Uint8Array.of(4), publicKey)).slice(0, 20) };
      pairs.set(name, pair);
      return pair;
    },
    sibling(name) {
      const known = siblings.get(name);
      if (known !== undefined) return known;
      const ring = createKeyRing(bytes(`sibling ${name}`, 32));
      siblings.set(name, ring);
      return ring;
    },
  };
}

/** Signs a message: ECDSA P-256 over SHA-256, raw `r || s`, 64 bytes. */
export type Sign = (key: KeyPair, message: Uint8Array) => Uint8Array;

/** Deterministic ECDSA (RFC 6979) without the low-s rule, which Intel's signers do not follow either. */
export const signP256: Sign = (key, message) => p256.sign(message, key.secretKey, { lowS: false });

/**
 * Remembers signatures: signing is deterministic, so a certificate that one build shares with the last costs a hash.
 *
 * @param capacity - how many signatures are kept; the one not asked for the longest goes first
 */
export function createSignatureMemo(capacity: number): Sign {
  const known = new Map<string, Uint8Array>();
  return (key, message) => {
    const name = `${bytesToHex(key.keyId)}:${bytesToHex(sha256(message))}`;
    const signature = known.get(name) ?? signP256(key, message);
    known.delete(name);
    known.set(name, signature);
    const oldest = known.keys().next();
    if (known.size > capacity && oldest.done === false) known.delete(oldest.value);
    return signature;
  };
}

/** The signature as certificates and CRLs carry it: `SEQUENCE { INTEGER r, INTEGER s }` (RFC 3279, section 2.2.3). */
export function derSignature(signature: Uint8Array): Uint8Array<ArrayBuffer> {
  const half = signature.length / 2;
  return derSequence(derUnsigned(signature.subarray(0, half)), derUnsigned(signature.subarray(half)));
}

/** SubjectPublicKeyInfo of any elliptic-curve point in any encoding. Source: RFC 5480, section 2. */
export function derPublicKeyInfo(point: Uint8Array, curveOid: string): Uint8Array<ArrayBuffer> {
  return derSequence(derSequence(derOid("1.2.840.10045.2.1"), derOid(curveOid)), derBitString(point));
}

/** The named curve of every genuine certificate here: prime256v1. */
export const P256_OID = "1.2.840.10045.3.1.7";

/** SubjectPublicKeyInfo of a P-256 key pair, uncompressed. */
export function p256PublicKeyInfo(key: KeyPair): Uint8Array<ArrayBuffer> {
  return derPublicKeyInfo(concatBytes(Uint8Array.of(4), key.publicKey), P256_OID);
}
