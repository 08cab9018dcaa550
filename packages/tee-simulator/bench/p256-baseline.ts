import { createPublicKey, generateKeyPairSync, randomBytes, sign, verify, webcrypto } from "node:crypto";
import type { Subject } from "./stopwatch.ts";

/**
 * One P-256/SHA-256 verification with the key already imported, by each API of this Node: `nodeCryptoUs` and `webCryptoUs`, on
 * messages of the size of a TD quote's signed part (632 bytes). The faster of the two is what ratios are made with.
 */
export async function p256Baseline(): Promise<readonly [Subject, Subject]> {
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
  return [
    {
      name: "nodeCryptoUs",
      call: (index) => {
        const { message, der } = input(index);
        if (!verify("sha256", message, nodeKey, der)) throw new Error("node:crypto refused a good signature");
      },
    },
    {
      name: "webCryptoUs",
      call: async (index) => {
        const { message, raw } = input(index);
        if (!(await webcrypto.subtle.verify(algorithm, webKey, raw, message))) {
          throw new Error("WebCrypto refused a good signature");
        }
      },
    },
  ];
}
