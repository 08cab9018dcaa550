import { AEAD_AES_256_GCM, CipherSuite, KDF_HKDF_SHA256, KEM_DHKEM_X25519_HKDF_SHA256, type CryptoKey } from "hpke";

import { type SealedKey, type WrapKey, wrapKeyOf } from "./key-wrap.ts";
import { SecretBytes } from "./secret-bytes.ts";

/** A one-message channel to a wrap key that was found usable. */
export interface KeySealer {
  /**
   * Seals the key of one release. The caller wipes the key once this has settled.
   *
   * @param transcript - what the release is about: it opens under no other
   */
  seal(key: SecretBytes, transcript: Uint8Array): Promise<SealedKey>;
}

/** A key pair for one release. The private half never leaves WebCrypto. */
export interface WrapKeyPair {
  readonly wrapKey: WrapKey;
  /**
   * Opens the one answer, and gives up the private half whatever comes of it; a second call is a programming error.
   *
   * @returns null where the answer was sealed to another key, for another transcript, or was changed
   */
  open(sealed: SealedKey, transcript: Uint8Array): Promise<SecretBytes | null>;
}

/** HPKE binds keys to what they are for. Source: docs/protocol.md. */
const INFO = new TextEncoder().encode("mero-kms/key-wrap/v1");

/** Source: RFC 9180, section 7: KEM 0x0020, KDF 0x0001, AEAD 0x0002; base mode. */
const SUITE = new CipherSuite(KEM_DHKEM_X25519_HKDF_SHA256, KDF_HKDF_SHA256, AEAD_AES_256_GCM);

/**
 * Opens a channel to a wrap key. This is where a useless key shows, before there is anything to seal.
 *
 * @param suite - another suite only for vectors, which fix what is random
 * @returns null for a point of low order: the shared secret would be zero, and everybody could read the answer
 * Source: RFC 9180, sections 5.1.1 and 7.1.4.
 */
export async function createKeySealer(
  wrapKey: WrapKey,
  suite: CipherSuite<CryptoKey> = SUITE,
): Promise<KeySealer | null> {
  try {
    const publicKey = await suite.DeserializePublicKey(wrapKey);
    const { ctx, encapsulatedSecret } = await suite.SetupSender(publicKey, { info: INFO });
    return {
      async seal(key, transcript) {
        const ciphertext = await key.use((bytes) => ctx.Seal(bytes, transcript));
        return { enc: new Uint8Array(encapsulatedSecret), ciphertext: new Uint8Array(ciphertext) };
      },
    };
  } catch {
    // WebCrypto refuses a shared secret of zeros (RFC 7748, section 6.1) with an exception that says no more.
    return null;
  }
}

/** Makes a new wrap key pair, for one request. */
export async function createWrapKeyPair(): Promise<WrapKeyPair> {
  return wrapKeyPairOf(await SUITE.GenerateKeyPair(false));
}

/** The wrap key pair of a private key that exists already; used by vectors. */
export async function wrapKeyPairOf(
  pair: Readonly<Record<"publicKey" | "privateKey", CryptoKey>>,
): Promise<WrapKeyPair> {
  const wrapKey = wrapKeyOf(new Uint8Array(await SUITE.SerializePublicKey(pair.publicKey)));
  let unused: typeof pair | null = pair;
  return {
    wrapKey,
    async open(sealed, transcript) {
      const own = unused;
      if (own === null) throw new Error("a wrap key was used twice");
      // Nothing else holds the private half; WebCrypto erases it with its handle.
      unused = null;
      try {
        const plain = await SUITE.Open(own, sealed.enc, sealed.ciphertext, { info: INFO, aad: transcript });
        const key = new SecretBytes(new Uint8Array(plain));
        plain.fill(0);
        return key;
      } catch {
        // Wrong key, wrong transcript and changed bytes are one and the same to HPKE.
        return null;
      }
    },
  };
}
