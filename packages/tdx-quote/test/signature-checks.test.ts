import { expect, test } from "vitest";
import type { Certificate } from "../src/certificate.ts";
import { createP256Verifier } from "../src/p256.ts";
import { allEndInRoot, isSignedBy } from "../src/signature-checks.ts";

const SIGNED = { signature: new Uint8Array(64).fill(1), message: new Uint8Array(1) };

const WITHOUT_KEY: Certificate = {
  der: new Uint8Array(),
  tbs: new Uint8Array(),
  serialHex: "01",
  issuer: new Uint8Array(),
  subject: new Uint8Array(),
  issuerCommonName: null,
  subjectCommonName: null,
  notBefore: 0,
  notAfter: 0,
  publicKey: null,
  signature: new Uint8Array(64),
  extensions: [],
};

test.each([
  { name: "no certificate", signer: undefined },
  { name: "a certificate without a P-256 key", signer: WITHOUT_KEY },
])("$name has signed nothing", async ({ signer }) => {
  expect(await isSignedBy(signer, SIGNED, createP256Verifier())).toBe(false);
});

test("a chain without certificates ends in no root", () => {
  expect(allEndInRoot([[]], new Uint8Array())).toBe(false);
  expect(allEndInRoot([[WITHOUT_KEY]], new Uint8Array())).toBe(true);
  expect(allEndInRoot([[WITHOUT_KEY], [WITHOUT_KEY]], new Uint8Array(1))).toBe(false);
});
