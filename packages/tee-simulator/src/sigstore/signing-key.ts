import { ed25519 } from "@noble/curves/ed25519.js";
import { p256, p384 } from "@noble/curves/nist.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { derBitString, derOid, derSequence } from "../der-writer.ts";
import { derPublicKeyInfo, derSignature, P256_OID, type KeyPair, type KeyRing } from "../key-ring.ts";

const P384_OID = "1.3.132.0.34";
const ED25519_OID = "1.3.101.112";

/** A key of the simulated Sigstore; its secret protects nothing. */
export interface SigningKey {
  readonly pair: KeyPair;
  /** DER of SubjectPublicKeyInfo. */
  readonly spki: Uint8Array;
  /** How protobuf documents call the kind. */
  readonly details: "PKIX_ECDSA_P256_SHA_256" | "PKIX_ECDSA_P384_SHA_384" | "PKIX_ED25519";
  /** The raw signature: `r || s`, or that of Ed25519. */
  readonly signRaw: (message: Uint8Array) => Uint8Array;
  /** The signature as documents carry it: DER for ECDSA. */
  readonly sign: (message: Uint8Array) => Uint8Array;
}

/** A key by its name; the same ring always gives the same one. P-256 signs over SHA-256, P-384 over SHA-384. */
export function signingKey(ring: KeyRing, name: string, kind: "P-256" | "P-384" | "Ed25519" = "P-256"): SigningKey {
  if (kind === "Ed25519") {
    const secretKey = ring.bytes(`key ${name}`, 32);
    const publicKey = ed25519.getPublicKey(secretKey);
    const sign = (message: Uint8Array): Uint8Array => ed25519.sign(message, secretKey);
    return {
      pair: { secretKey, publicKey, keyId: keyIdOf(publicKey) },
      spki: derSequence(derSequence(derOid(ED25519_OID)), derBitString(publicKey)),
      details: "PKIX_ED25519",
      signRaw: sign,
      sign,
    };
  }
  const curve = kind === "P-256" ? p256 : p384;
  const secretKey = curve.utils.randomSecretKey(ring.bytes(`key ${name}`, kind === "P-256" ? 48 : 72));
  const point = curve.getPublicKey(secretKey, false);
  const signRaw = (message: Uint8Array): Uint8Array => curve.sign(message, secretKey, { lowS: false });
  return {
    pair: { secretKey, publicKey: point.slice(1), keyId: keyIdOf(point) },
    spki: derPublicKeyInfo(point, kind === "P-256" ? P256_OID : P384_OID),
    details: kind === "P-256" ? "PKIX_ECDSA_P256_SHA_256" : "PKIX_ECDSA_P384_SHA_384",
    signRaw,
    sign: (message) => derSignature(signRaw(message)),
  };
}

function keyIdOf(publicKey: Uint8Array): Uint8Array {
  return sha256(publicKey).slice(0, 20);
}
