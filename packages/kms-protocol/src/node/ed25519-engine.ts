import { createPublicKey, verify } from "node:crypto";
import type { Ed25519Engine } from "../ed25519-engine.ts";

/** SubjectPublicKeyInfo of an Ed25519 key up to its bytes. Source: RFC 8410, section 4. */
const SPKI_PREFIX = new Uint8Array([0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00]);

/**
 * Ed25519 by OpenSSL through `node:crypto`: the same equation as WebCrypto in Node, without two turns through another thread. Node only;
 * the `#ed25519-engine` import picks it there.
 */
export const ed25519Engine: Ed25519Engine = {
  importKey(publicKey) {
    const spki = Buffer.concat([SPKI_PREFIX, publicKey]).toString("base64");
    // PEM, because Node finds out what an options object with DER is by two exceptions, which cost more than the import.
    const key = createPublicKey(`-----BEGIN PUBLIC KEY-----\n${spki}\n-----END PUBLIC KEY-----\n`);
    return { verify: (payload, signature) => verify(null, payload, key, signature) };
  },
};
