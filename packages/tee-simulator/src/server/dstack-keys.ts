import { ed25519 } from "@noble/curves/ed25519.js";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { keccak_256 } from "@noble/hashes/sha3.js";
import { toHex } from "@mero-tee/tdx-quote/hex";

import { concatBytes, utf8 } from "../byte-writer.ts";
import { deriveDstackKey } from "../dstack-key.ts";

/** The key of one application and what the guest agent needs to hand out keys below it. */
export interface DstackAppKeys {
  /** The k256 key of the application, 32 bytes: the root of every key that `GetKey` answers. */
  readonly appKey: Uint8Array;
  /** The KMS's recoverable signature over the application's public key, 65 bytes: r, s, recovery. */
  readonly appKeySignature: Uint8Array;
}

/** The answer of `GetKey`, not encoded yet. */
export interface DerivedKey {
  /** 32 bytes. */
  readonly key: Uint8Array;
  /** The application's signature over the derived public key, then the KMS's over the application's; 65 bytes each. */
  readonly signatureChain: readonly [Uint8Array, Uint8Array];
}

/** The algorithms that `GetKey` knows; the empty text means secp256k1. */
export type KeyAlgorithm = "secp256k1" | "k256" | "ed25519" | "";

/**
 * What the agent holds for an application key of 32 bytes: the key and the KMS's signature over it. The simulated KMS
 * signs with a key that follows from the application's; its clients only ever see the signature.
 *
 * Source: dstack KMS, signature of an app key: over `keccak256("dstack-kms-issued:" || app id || compressed public key)`.
 */
export function issueAppKeys(appKey: Uint8Array, appId: Uint8Array): DstackAppKeys {
  const kmsKey = sha256(concatBytes(utf8("simulated dstack KMS"), appKey));
  const statement = concatBytes(utf8("dstack-kms-issued:"), appId, secp256k1.getPublicKey(appKey, true));
  return { appKey, appKeySignature: signRecoverably(statement, kmsKey) };
}

/**
 * Derives a key as the dstack guest agent does: the path alone decides it, purpose and algorithm only show in the
 * signature.
 *
 * Source: dstack guest agent, `GetKey`; the signature is over `keccak256(purpose ":" hex(derived public key))`.
 */
export function deriveKey(
  keys: DstackAppKeys,
  request: { readonly path: string; readonly purpose: string; readonly algorithm: KeyAlgorithm },
): DerivedKey {
  const key = deriveDstackKey(keys.appKey, request.path);
  const publicKey = request.algorithm === "ed25519" ? ed25519.getPublicKey(key) : secp256k1.getPublicKey(key, true);
  const signature = signRecoverably(utf8(`${request.purpose}:${toHex(publicKey)}`), keys.appKey);
  return { key, signatureChain: [signature, keys.appKeySignature] };
}

/** r (32), s (32), recovery (1) over the Keccak-256 of the message: Ethereum's order, the recovery byte last. */
function signRecoverably(message: Uint8Array, secretKey: Uint8Array): Uint8Array {
  const signature = secp256k1.sign(keccak_256(message), secretKey, { prehash: false, format: "recovered" });
  return concatBytes(signature.subarray(1), signature.subarray(0, 1));
}
