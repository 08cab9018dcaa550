import type { Ed25519Engine } from "./ed25519-engine.ts";

/**
 * Ed25519 by WebCrypto: for browsers and every other run time that has it.
 *
 * Source: W3C Web Cryptography API, Ed25519.
 */
export const ed25519Engine: Ed25519Engine = {
  async verify(publicKey, payload, signature) {
    const key = await crypto.subtle.importKey("raw", publicKey, "Ed25519", false, ["verify"]);
    return crypto.subtle.verify("Ed25519", key, signature, payload);
  },
};
