import { createPublicKey, verify, type KeyObject } from "node:crypto";
import type { P256Engine } from "../p256-engine.ts";

/** SubjectPublicKeyInfo of a P-256 key up to its point. Source: RFC 5480, section 2. */
const SPKI_PREFIX = new Uint8Array([
  0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
  0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
]);

/** Where the key that is imported is written behind it: an import is over before another begins. */
const SPKI = Buffer.from([...SPKI_PREFIX, ...new Uint8Array(65)]);

/** Tags and lengths of a sequence and two integers, each with a sign byte and 32 bytes. */
const LONGEST_DER_SIGNATURE = 72;

/**
 * Writes one scalar as a DER INTEGER: no leading zero bytes but the one that keeps it positive.
 *
 * @returns where it ends
 */
function writeDerInteger(scalar: Uint8Array, target: Uint8Array, at: number): number {
  let start = 0;
  while (start < scalar.length - 1 && scalar[start] === 0) start += 1;
  const sign = Number(scalar[start]) > 0x7f ? 1 : 0;
  target[at] = 0x02;
  target[at + 1] = scalar.length - start + sign;
  target[at + 2] = 0;
  target.set(scalar.subarray(start), at + 2 + sign);
  return at + 2 + sign + scalar.length - start;
}

/** `r || s` as OpenSSL wants it; Node's own conversion (`ieee-p1363`) costs half a verification. */
function derSignature(signature: Uint8Array): Uint8Array {
  // From Node's pool: memory of its own costs more than all that is written there.
  const der = Buffer.allocUnsafe(LONGEST_DER_SIGNATURE);
  const end = writeDerInteger(signature.subarray(32), der, writeDerInteger(signature.subarray(0, 32), der, 2));
  der[0] = 0x30;
  der[1] = end - 2;
  return der.subarray(0, end);
}

function verifyInThread(key: KeyObject, signature: Uint8Array, message: Uint8Array): Promise<boolean> {
  return new Promise((resolve) => {
    // An error is OpenSSL's way to say that it could not even read the scalars: not a signature.
    verify("sha256", message, key, derSignature(signature), (error, isGood) => resolve(error === null && isGood));
  });
}

/**
 * P-256 by OpenSSL through `node:crypto`: the same mathematics as WebCrypto in Node, without its overhead of about two
 * verifications per call. Node only; the `#p256-engine` import picks it there.
 */
export const p256Engine: P256Engine = {
  importKey(publicKey) {
    if (publicKey.length !== 65 || publicKey[0] !== 0x04) return null;
    try {
      SPKI.set(publicKey, SPKI_PREFIX.length);
      const spki = SPKI.toString("base64");
      // PEM, because Node finds out what an options object with DER is by two exceptions, which cost more than the import.
      const key = createPublicKey(`-----BEGIN PUBLIC KEY-----\n${spki}\n-----END PUBLIC KEY-----\n`);
      return {
        verify: (signature, message) => verifyInThread(key, signature, message),
        // Waking a thread and hearing from it takes as long as a verification. Two integers in DER, whatever they are, get a
        // yes or a no and no exception.
        verifyNow: (signature, message) => verify("sha256", message, key, derSignature(signature)),
      };
    } catch {
      // OpenSSL says with an exception that the bytes are no point on the curve.
      return null;
    }
  },
};
