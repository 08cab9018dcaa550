import { createHash, createPublicKey, verify, X509Certificate } from "node:crypto";
import { describe, expect, test } from "vitest";
import { createSimulatedPlatform, SIMULATED_MARK, type IssuedQuote, type SimulatedPlatform } from "../src/index.ts";

const NOW = 1_772_000_000;
const platform = await createSimulatedPlatform({ seed: "encodings", now: NOW });

function certificates(pem: string): X509Certificate[] {
  return [...pem.matchAll(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n/g)].map(
    ([block]) => new X509Certificate(block),
  );
}

function at<T>(list: readonly T[], index: number): T {
  const item = list[index];
  if (item === undefined) throw new Error(`no item ${index}`);
  return item;
}

function p256(rawPoint: Buffer): ReturnType<typeof createPublicKey> {
  const x = rawPoint.subarray(0, 32).toString("base64url");
  const y = rawPoint.subarray(32).toString("base64url");
  return createPublicKey({ key: { kty: "EC", crv: "P-256", x, y }, format: "jwk" });
}

function isSigned(message: Buffer, key: ReturnType<typeof createPublicKey>, signature: Buffer): boolean {
  return verify("sha256", message, { key, dsaEncoding: "ieee-p1363" }, signature);
}

function takeApart({ quote }: IssuedQuote, signedBytes: number) {
  const bytes = Buffer.from(quote);
  const length = bytes.readUInt32LE(signedBytes);
  const section = bytes.subarray(signedBytes + 4);
  const authenticationBytes = section.readUInt16LE(134 + 448);
  const authentication = section.subarray(134 + 450, 134 + 450 + authenticationBytes);
  const inner = section.subarray(134 + 450 + authenticationBytes);
  return {
    signed: bytes.subarray(0, signedBytes),
    declaredLength: length,
    section,
    signature: section.subarray(0, 64),
    attestationKey: section.subarray(64, 128),
    outerType: section.readUInt16LE(128),
    outerLength: section.readUInt32LE(130),
    qeReport: section.subarray(134, 134 + 384),
    qeReportSignature: section.subarray(134 + 384, 134 + 448),
    authentication,
    innerType: inner.readUInt16LE(0),
    innerLength: inner.readUInt32LE(2),
    certificationData: inner.subarray(6),
  };
}

describe("certificates", () => {
  const chain = certificates(platform.pckCertificateChainPem);

  test("form a chain that an independent X.509 implementation verifies", () => {
    expect(chain.map((certificate) => /CN=(.*)/.exec(certificate.subject)?.[1])).toEqual([
      "Intel SGX PCK Certificate",
      "Intel SGX PCK Platform CA",
      "Intel SGX Root CA",
    ]);
    for (const [index, certificate] of chain.entries()) {
      const issuer = at(chain, Math.min(index + 1, 2));
      expect(certificate.checkIssued(issuer)).toBe(true);
      expect(certificate.verify(issuer.publicKey)).toBe(true);
    }
  });

  test("end in the root that the platform publishes", () => {
    expect(new Uint8Array(at(chain, 2).raw)).toEqual(platform.rootCa);
    expect(new Uint8Array(new X509Certificate(platform.rootCaPem).raw)).toEqual(platform.rootCa);
  });

  test("mark authorities and leaves apart", () => {
    expect(chain.map((certificate) => certificate.ca)).toEqual([false, true, true]);
  });

  test("say that they are simulated", () => {
    for (const certificate of chain) expect(Buffer.from(certificate.raw).includes(SIMULATED_MARK)).toBe(true);
  });

  test("are valid around the platform's making", () => {
    for (const certificate of chain) {
      expect(Date.parse(certificate.validFrom) / 1000).toBeLessThan(NOW);
      expect(Date.parse(certificate.validTo) / 1000).toBeGreaterThan(NOW + 6 * 365 * 86_400);
    }
  });

  test("carry a Processor CA where the platform is asked for one", async () => {
    const processor = await createSimulatedPlatform({ seed: "encodings", now: NOW, ca: "processor" });
    expect(at(certificates(processor.pckCertificateChainPem), 0).issuer).toContain("Intel SGX PCK Processor CA");
  });
});

const reportData = Uint8Array.from({ length: 64 }, (_, index) => index);

async function issueFrom(seed: string): Promise<Uint8Array> {
  const other: SimulatedPlatform = await createSimulatedPlatform({ seed, now: NOW });
  return (await other.issueQuote({ reportData })).quote;
}

describe("quotes", () => {
  test.each([
    { name: "version 4", version: 4, bodyType: 2, signedBytes: 632 },
    { name: "version 5 with TD report 1.0", version: 5, bodyType: 2, signedBytes: 638 },
    { name: "version 5 with TD report 1.5", version: 5, bodyType: 3, signedBytes: 702 },
  ] as const)("of $name are signed from the attestation key up to the PCK", async ({ signedBytes, ...options }) => {
    const parts = takeApart(await platform.issueQuote({ reportData, ...options }), signedBytes);
    expect(parts.declaredLength).toBe(parts.section.length);
    expect([parts.outerType, parts.outerLength]).toEqual([6, parts.section.length - 134]);
    expect([parts.innerType, parts.innerLength]).toEqual([5, parts.certificationData.length]);
    expect(isSigned(parts.signed, p256(parts.attestationKey), parts.signature)).toBe(true);
    const binding = createHash("sha256").update(parts.attestationKey).update(parts.authentication).digest();
    expect(parts.qeReport.subarray(320)).toEqual(Buffer.concat([binding, Buffer.alloc(32)]));
    const leaf = at(certificates(parts.certificationData.toString()), 0);
    expect(isSigned(parts.qeReport, leaf.publicKey, parts.qeReportSignature)).toBe(true);
  });

  test("carry the asked report data and the registers of the role and profile", async () => {
    const { quote } = await platform.issueQuote({ reportData, role: "kms", profile: "debug" });
    const { mrtd, rtmr3 } = platform.measurementsFor("kms", "debug");
    const hex = Buffer.from(quote).toString("hex");
    expect(hex.slice(2 * (48 + 520), 2 * (48 + 584))).toBe(Buffer.from(reportData).toString("hex"));
    expect(hex.slice(2 * (48 + 136), 2 * (48 + 184))).toBe(mrtd);
    expect(hex.slice(2 * (48 + 472), 2 * (48 + 520))).toBe(rtmr3);
  });

  test("are equal for equal seeds and differ for others", async () => {
    expect(await issueFrom("one")).toEqual(await issueFrom("one"));
    expect(await issueFrom("one")).not.toEqual(await issueFrom("two"));
  });

  test("are refused over report data that is not 64 bytes", async () => {
    await expect(platform.issueQuote({ reportData: new Uint8Array(63) })).rejects.toThrow(RangeError);
  });
});

describe("collateral", () => {
  test("documents are signed over their exact text", async () => {
    const bundle = await platform.collateral();
    const signer = at(certificates(bundle.tcb_info_issuer_chain), 0);
    for (const [text, signature] of [
      [bundle.tcb_info, bundle.tcb_info_signature],
      [bundle.qe_identity, bundle.qe_identity_signature],
    ] as const) {
      expect(isSigned(Buffer.from(text), signer.publicKey, Buffer.from(signature, "hex"))).toBe(true);
      expect(isSigned(Buffer.from(`${text} `), signer.publicKey, Buffer.from(signature, "hex"))).toBe(false);
    }
  });

  test("is current at the instant it is asked for", async () => {
    const later = await platform.collateral({ now: NOW + 90 * 86_400 });
    const { issueDate, nextUpdate }: { issueDate: string; nextUpdate: string } = JSON.parse(later.tcb_info);
    expect(Date.parse(issueDate) / 1000).toBeLessThan(NOW + 90 * 86_400);
    expect(Date.parse(nextUpdate) / 1000).toBeGreaterThan(NOW + 90 * 86_400);
  });

  test("text and object are the same bundle", async () => {
    expect(JSON.parse(await platform.collateralText())).toEqual(await platform.collateral());
  });
});
