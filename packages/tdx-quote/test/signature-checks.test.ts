import { expect, test } from "vitest";
import type { Certificate } from "../src/certificate.ts";
import type { P256Verifier } from "../src/p256.ts";
import { chainChecks, signedBy, startSignatureChecks } from "../src/signature-checks.ts";

function certificate(name: number, publicKey: Uint8Array | null = new Uint8Array(65).fill(name)): Certificate {
  return {
    der: Uint8Array.of(name),
    tbs: Uint8Array.of(name),
    serialHex: "01",
    issuer: new Uint8Array(),
    subject: new Uint8Array(),
    issuerCommonName: null,
    subjectCommonName: null,
    notBefore: 0,
    notAfter: 0,
    publicKey,
    signature: new Uint8Array(64).fill(name),
    extensions: [],
  };
}

test("a chain is checked from the root down: the root by itself, each other certificate by the next one", () => {
  const [leaf, ca, root] = [certificate(1), certificate(2), certificate(3)];
  expect(chainChecks([leaf, ca, root])).toEqual([
    { publicKey: root.publicKey, signature: root.signature, message: root.tbs },
    { publicKey: root.publicKey, signature: ca.signature, message: ca.tbs },
    { publicKey: ca.publicKey, signature: leaf.signature, message: leaf.tbs },
  ]);
});

test("nothing is signed by a certificate that is not there", () => {
  const { signature, tbs } = certificate(1);
  expect(signedBy({ tbs, signature }, undefined)).toEqual({ publicKey: null, signature, message: tbs });
});

test("what has no key is not started", () => {
  const started: Uint8Array[] = [];
  const verifier: P256Verifier = {
    verify: async () => false,
    start: (publicKey) => started.push(publicKey),
  };
  const { signature, tbs: message } = certificate(1);
  startSignatureChecks([{ publicKey: null, signature, message }], verifier);
  expect(started).toEqual([]);
  const root = certificate(2);
  startSignatureChecks(chainChecks([certificate(1, null), root]), verifier);
  expect(started).toEqual([root.publicKey, root.publicKey]);
});
