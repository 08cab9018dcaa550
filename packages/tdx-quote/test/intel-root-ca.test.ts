import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { parseCertificate } from "../src/certificate.ts";
import { toHex } from "../src/hex.ts";
import { INTEL_SGX_ROOT_CA, trustAnchorOf } from "../src/intel-root-ca.ts";
import { createP256Verifier } from "../src/p256.ts";
import { parseRfc3339Utc } from "../src/utc-time.ts";

test("the trust anchor is the certificate that Intel publishes", async () => {
  expect(createHash("sha256").update(INTEL_SGX_ROOT_CA).digest("hex")).toBe(
    "44a0196b2b99f889b8e149e95b807a350e7424964399e885a7cbb8ccfab674d3",
  );
  const read = parseCertificate(INTEL_SGX_ROOT_CA);
  const root = read.ok ? read.value : null;
  expect(root).toMatchObject({
    serialHex: "22650cd65a9d3489f383b49552bf501b392706ac",
    subjectCommonName: "Intel SGX Root CA",
    issuer: root?.subject,
    notBefore: parseRfc3339Utc("2018-05-21T10:45:10Z"),
    notAfter: parseRfc3339Utc("2049-12-31T23:59:59Z"),
  });
  const { publicKey, signature, tbs } = root ?? {};
  if (!publicKey || !signature || !tbs) throw new Error("no key");
  expect(toHex(publicKey)).toBe(
    "040ba9c4c0c0c86193a3fe23d6b02cda10a8bbd4e88e48b4458561a36e705525f567918e2edc88e40d860bd0cc4ee26aacc988e505a953558c453f6b0904ae7394",
  );
  await expect(createP256Verifier().verify(publicKey, signature, tbs)).resolves.toBe(true);
});

test("a trust anchor is Intel's or another one, to the last byte", () => {
  expect(trustAnchorOf(INTEL_SGX_ROOT_CA.slice())).toBe("intel");
  expect(trustAnchorOf(INTEL_SGX_ROOT_CA.with(658, 0))).toBe("custom");
  expect(trustAnchorOf(INTEL_SGX_ROOT_CA.subarray(1))).toBe("custom");
});
