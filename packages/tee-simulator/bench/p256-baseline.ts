import { createPublicKey, generateKeyPairSync, randomBytes, sign, verify, webcrypto } from "node:crypto";
import { medianMicroseconds } from "./stopwatch.ts";

/** One sequential P-256/SHA-256 verification with the key already imported, by each API of this Node, in microseconds. */
export interface P256Baseline {
  readonly nodeCryptoUs: number;
  readonly webCryptoUs: number;
  /** The faster of the two: what the ratios of a bench are made with. */
  readonly p256VerifyUs: number;
}

/** Measures {@link P256Baseline} on messages of the size of a TD quote's signed part (632 bytes). */
export async function measureP256Baseline(calls: number): Promise<P256Baseline> {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const inputs = Array.from({ length: 64 }, () => {
    const message = randomBytes(632);
    return {
      message,
      der: sign("sha256", message, privateKey),
      raw: sign("sha256", message, { key: privateKey, dsaEncoding: "ieee-p1363" }),
    };
  });
  const input = (index: number) => {
    const chosen = inputs[index % inputs.length];
    if (chosen === undefined) throw new Error("no input");
    return chosen;
  };
  const spki = publicKey.export({ type: "spki", format: "der" });
  const nodeKey = createPublicKey({ key: spki, format: "der", type: "spki" });
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const webKey = await webcrypto.subtle.importKey("spki", spki, algorithm, false, ["verify"]);

  const nodeCryptoUs = await medianMicroseconds(calls, (index) => {
    const { message, der } = input(index);
    if (!verify("sha256", message, nodeKey, der)) throw new Error("node:crypto refused a good signature");
  });
  const webCryptoUs = await medianMicroseconds(calls, async (index) => {
    const { message, raw } = input(index);
    if (!(await webcrypto.subtle.verify(algorithm, webKey, raw, message))) {
      throw new Error("WebCrypto refused a good signature");
    }
  });
  return { nodeCryptoUs, webCryptoUs, p256VerifyUs: Math.min(nodeCryptoUs, webCryptoUs) };
}
