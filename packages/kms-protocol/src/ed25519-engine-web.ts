import type { Ed25519Engine } from "./ed25519-engine.ts";

/**
 * Ed25519 by WebCrypto: for browsers and every other run time that has it.
 *
 * Source: W3C Web Cryptography API, Ed25519.
 */
export const ed25519Engine: Ed25519Engine = {
  importKey(publicKey) {
    const bytes = publicKey.slice();
    let imported: ReturnType<typeof crypto.subtle.importKey> | undefined;
    return {
      async verify(payload, signature) {
        imported ??= crypto.subtle.importKey("raw", bytes, "Ed25519", false, ["verify"]);
        return crypto.subtle.verify("Ed25519", await imported, signature, payload);
      },
    };
  },
};
