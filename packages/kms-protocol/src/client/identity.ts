import { parseBase64 } from "@mero-tee/tdx-quote/base64";
import { parseHex } from "@mero-tee/tdx-quote/hex";
import { type Result, err, ok } from "@mero-tee/tdx-quote/result";

import { type PeerId, peerIdFromPublicKey } from "../peer-id.ts";
import { type Ed25519PublicKey, parsePublicKey } from "../public-key.ts";

/** A peer that can prove who it is. The private key stays inside WebCrypto. */
export interface PeerIdentity {
  readonly peerId: PeerId;
  readonly publicKey: Ed25519PublicKey;
  /** Signs with Ed25519, no pre-hash, no context; 64 bytes. */
  sign(payload: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>>;
}

/** A text or seed that is no Ed25519 private key. */
export interface IdentityError {
  readonly code: "identity-malformed";
  readonly reason: "neither PEM nor hex" | "not 32 bytes" | "not an Ed25519 private key";
}

/**
 * PKCS#8 around a 32-byte Ed25519 seed, up to the seed.
 *
 * Source: RFC 8410, section 7 and the example of section 10.3.
 */
const PKCS8_PREFIX: readonly number[] = [
  0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

/**
 * Reads an identity file: an Ed25519 private key as PKCS#8 PEM, or a 32-byte seed as hex of either case with or without
 * `0x`. Blanks around either are ignored.
 *
 * The decoded bytes are wiped; the text that the caller holds cannot be.
 *
 * Errors: `identity-malformed`.
 * Source: RFC 7468, section 10; RFC 8410, section 7.
 */
export async function parseIdentity(text: string): Promise<Result<PeerIdentity, IdentityError>> {
  const trimmed = text.trim();
  const seed = parseHex(trimmed.replace(/^0x/, ""));
  if (seed !== null) return identityFromSeed(seed);
  const armoured = /^-----BEGIN PRIVATE KEY-----\s+([A-Za-z0-9+/=\s]+)-----END PRIVATE KEY-----$/.exec(trimmed)?.[1];
  const pkcs8 = armoured === undefined ? null : parseBase64(armoured.replaceAll(/\s/g, ""));
  if (pkcs8 === null) return err({ code: "identity-malformed", reason: "neither PEM nor hex" });
  return identityFromPkcs8(pkcs8);
}

/**
 * Makes an identity from an Ed25519 seed.
 *
 * @param seed - 32 bytes; wiped
 * Errors: `identity-malformed`.
 * Source: RFC 8032, section 5.1.5.
 */
export async function identityFromSeed(seed: Uint8Array<ArrayBuffer>): Promise<Result<PeerIdentity, IdentityError>> {
  if (seed.length !== 32) {
    seed.fill(0);
    return err({ code: "identity-malformed", reason: "not 32 bytes" });
  }
  const pkcs8 = new Uint8Array(PKCS8_PREFIX.length + seed.length);
  pkcs8.set(PKCS8_PREFIX);
  pkcs8.set(seed, PKCS8_PREFIX.length);
  seed.fill(0);
  return identityFromPkcs8(pkcs8);
}

/** Makes a new random identity. */
export async function generateIdentity(): Promise<PeerIdentity> {
  const identity = await identityFromSeed(crypto.getRandomValues(new Uint8Array(32)));
  if (!identity.ok) throw new Error("WebCrypto refused a random seed");
  return identity.value;
}

async function identityFromPkcs8(pkcs8: Uint8Array<ArrayBuffer>): Promise<Result<PeerIdentity, IdentityError>> {
  try {
    // WebCrypto gives a public key only by exporting, and its JWK holds the seed as a string that nobody can wipe.
    const exportable = await crypto.subtle.importKey("pkcs8", pkcs8, "Ed25519", true, ["sign"]);
    const { x = "" } = await crypto.subtle.exportKey("jwk", exportable);
    const key = await crypto.subtle.importKey("pkcs8", pkcs8, "Ed25519", false, ["sign"]);
    const raw = parseBase64(`${x.replaceAll("-", "+").replaceAll("_", "/")}=`);
    const publicKey = raw === null ? null : parsePublicKey(raw);
    if (publicKey?.ok !== true) return err({ code: "identity-malformed", reason: "not an Ed25519 private key" });
    return ok({
      peerId: peerIdFromPublicKey(publicKey.value),
      publicKey: publicKey.value,
      sign: async (payload) => new Uint8Array(await crypto.subtle.sign("Ed25519", key, payload)),
    });
  } catch {
    // WebCrypto refuses other algorithms and malformed structures with an exception that says no more than this.
    return err({ code: "identity-malformed", reason: "not an Ed25519 private key" });
  } finally {
    pkcs8.fill(0);
  }
}
