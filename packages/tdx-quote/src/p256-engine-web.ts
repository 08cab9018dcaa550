import type { P256Engine, P256Key } from "./p256-engine.ts";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

/**
 * P-256 by WebCrypto: for browsers and every other run time that has it.
 *
 * Source: W3C Web Cryptography API, ECDSA.
 */
export const p256Engine: P256Engine = {
  async importKey(publicKey) {
    try {
      const key = await crypto.subtle.importKey("raw", publicKey.slice(), ALGORITHM, false, ["verify"]);
      // Some run times reject scalars outside 1..n-1 where others say false.
      const verify: P256Key["verify"] = (signature, message) =>
        crypto.subtle
          .verify(ALGORITHM, key, new Uint8Array(signature), new Uint8Array(message))
          .catch((): boolean => false);
      return { verify, verifyNow: verify };
    } catch {
      // WebCrypto says with an exception that the bytes are no point: an answer, no accident.
      return null;
    }
  },
};
