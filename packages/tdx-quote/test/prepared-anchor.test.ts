import { describe, expect, test } from "vitest";
import { INTEL_SGX_ROOT_CA } from "../src/intel-root-ca.ts";
import { prepareAnchor } from "../src/prepared-anchor.ts";
import { countSignatureChecks } from "./signature-check-counter.ts";

function certificateOf(anchor: ReturnType<typeof prepareAnchor>) {
  return Array.from(anchor.certificates().values(), ({ certificate }) => certificate)[0];
}

function changed(place: number): Uint8Array {
  return INTEL_SGX_ROOT_CA.map((byte, index) => (index === place ? byte ^ 1 : byte));
}

/** Whether a verifier of this anchor takes its signature by itself, and how many checks it makes for that. */
async function ownSignature(rootCa: Uint8Array) {
  const anchor = prepareAnchor(rootCa);
  const certificate = certificateOf(anchor);
  if (certificate?.publicKey == null) throw new Error("no key");
  const counter = countSignatureChecks();
  const verdict = await anchor.createVerifier().verify(certificate.publicKey, certificate.signature, certificate.tbs);
  counter.stop();
  return { verdict, checks: counter.count() };
}

describe("a prepared anchor", () => {
  test("has its own signature settled, good or bad", async () => {
    expect(await ownSignature(INTEL_SGX_ROOT_CA)).toEqual({ verdict: true, checks: 0 });
    const lastByte = INTEL_SGX_ROOT_CA.length - 1;
    expect(await ownSignature(changed(lastByte))).toEqual({ verdict: false, checks: 0 });
    expect(await ownSignature(INTEL_SGX_ROOT_CA)).toEqual({ verdict: true, checks: 0 });
  });

  test("is remembered by all of its bytes, and keeps a copy of them", () => {
    const buffer = new Uint8Array(INTEL_SGX_ROOT_CA);
    const first = prepareAnchor(buffer);
    expect(prepareAnchor(INTEL_SGX_ROOT_CA)).toBe(first);
    buffer.set([0], 0);
    expect(first.der).toEqual(INTEL_SGX_ROOT_CA);
    expect(prepareAnchor(changed(300))).not.toBe(first);
  });

  test("gives each verification certificates of its own", () => {
    const anchor = prepareAnchor(INTEL_SGX_ROOT_CA);
    anchor.certificates().clear();
    expect(anchor.certificates().size).toBe(1);
  });

  test("settles nothing where the key is no point, and has no certificate where there is none", async () => {
    const certificate = certificateOf(prepareAnchor(INTEL_SGX_ROOT_CA));
    if (certificate?.publicKey == null) throw new Error("no key");
    // The key is a view of the certificate.
    const lastOfKey = certificate.publicKey.byteOffset - certificate.der.byteOffset + 64;
    const withoutKey = prepareAnchor(changed(lastOfKey));
    expect(certificateOf(withoutKey)?.publicKey).toBeNull();
    const { publicKey, signature, tbs } = certificate;
    expect(await withoutKey.createVerifier().verify(publicKey, signature, tbs)).toBe(true);
    expect(prepareAnchor(new Uint8Array(3)).certificates().size).toBe(0);
  });
});
