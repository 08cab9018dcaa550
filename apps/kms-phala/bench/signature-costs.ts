import { generateKeyPairSync, randomBytes, sign, verify, type KeyObject } from "node:crypto";

/** Times of verifications of one kind, in microseconds. */
interface VerifyTimes {
  /** Makes so many verifications more, one after the other. */
  run(calls: number): void;
  medianUs(): number;
}

/** Verifies a signature over the signed part of a TD quote with a key that is imported already. */
function verifyTimes(
  digest: string | null,
  keys: { readonly publicKey: KeyObject; readonly privateKey: KeyObject },
): VerifyTimes {
  const message = randomBytes(632);
  const signature = sign(digest, message, keys.privateKey);
  const times: number[] = [];
  return {
    run(calls) {
      for (let call = 0; call < calls; call += 1) {
        const start = performance.now();
        if (!verify(digest, message, keys.publicKey, signature)) throw new Error("a good signature was refused");
        times.push((performance.now() - start) * 1e3);
      }
    },
    medianUs: () => times.toSorted((a, b) => a - b)[times.length >> 1] ?? Number.NaN,
  };
}

/** What the signatures of a conversation cost by themselves. */
export function signatureTimes(): { readonly p256: VerifyTimes; readonly ed25519: VerifyTimes } {
  return {
    p256: verifyTimes("sha256", generateKeyPairSync("ec", { namedCurve: "P-256" })),
    ed25519: verifyTimes(null, generateKeyPairSync("ed25519")),
  };
}
