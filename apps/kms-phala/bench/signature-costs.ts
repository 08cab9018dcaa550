import { generateKeyPairSync, randomBytes, sign, verify, type KeyObject } from "node:crypto";

const CALLS = 2000;

/** Median time of one sequential verification of a signature over the signed part of a TD quote, in microseconds. */
function medianVerifyUs(
  digest: string | null,
  keys: { readonly publicKey: KeyObject; readonly privateKey: KeyObject },
) {
  const message = randomBytes(632);
  const signature = sign(digest, message, keys.privateKey);
  const times: number[] = [];
  for (let call = 0; call < CALLS; call += 1) {
    const start = performance.now();
    if (!verify(digest, message, keys.publicKey, signature)) throw new Error("a good signature was refused");
    times.push((performance.now() - start) * 1e3);
  }
  return times.toSorted((a, b) => a - b)[CALLS >> 1] ?? Number.NaN;
}

/** What the signatures of one conversation cost by themselves, with keys already imported. */
export function signatureCosts(): { readonly p256VerifyUs: number; readonly ed25519VerifyUs: number } {
  return {
    p256VerifyUs: medianVerifyUs("sha256", generateKeyPairSync("ec", { namedCurve: "P-256" })),
    ed25519VerifyUs: medianVerifyUs(null, generateKeyPairSync("ed25519")),
  };
}
