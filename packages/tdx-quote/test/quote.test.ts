import { describe, expect, test } from "vitest";
import { describeQuote, parseQuote } from "../src/quote.ts";
import { concat, INTEL_VENDOR, pattern, u16, u32, writeQuote } from "./synthetic-quote.ts";

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

function parsed(bytes: Uint8Array) {
  const result = parseQuote(bytes);
  if (!result.ok) throw new Error(result.error.code);
  return result.value;
}

/** A quote whose bytes at `offset` were replaced. */
function patched(bytes: Uint8Array, offset: number, patch: Uint8Array): Uint8Array {
  const copy = new Uint8Array(bytes);
  copy.set(patch, offset);
  return copy;
}

const V4_SECTION = 48 + 584 + 4;
const v4 = writeQuote();

describe("a well-formed quote", () => {
  test.each([
    { name: "version 4", bytes: v4, version: 4, tdVersion: "1.0", body: 48, size: 584 },
    {
      name: "version 5 with a TD report 1.0",
      bytes: writeQuote({ version: 5, bodyType: 2 }),
      version: 5,
      tdVersion: "1.0",
      body: 54,
      size: 584,
    },
    {
      name: "version 5 with a TD report 1.5",
      bytes: writeQuote({ version: 5 }),
      version: 5,
      tdVersion: "1.5",
      body: 54,
      size: 648,
    },
  ])("gives every field at its place: $name", ({ bytes, version, tdVersion, body, size }) => {
    const quote = parsed(bytes);
    const at = (offset: number, length: number) => hexOf(bytes.subarray(body + offset, body + offset + length));
    expect(quote.version).toBe(version);
    expect(quote.tdVersion).toBe(tdVersion);
    expect(quote.header).toEqual({
      attestationKeyType: 2,
      teeType: 0x81,
      qeVendorIdHex: INTEL_VENDOR,
      userDataHex: hexOf(bytes.subarray(28, 48)),
      reservedHex: hexOf(bytes.subarray(8, 12)),
    });
    expect(quote.report).toEqual({
      teeTcbSvn: at(0, 16),
      mrSeam: at(16, 48),
      mrSignerSeam: at(64, 48),
      seamAttributes: at(112, 8),
      tdAttributes: at(120, 8),
      xfam: at(128, 8),
      mrtd: at(136, 48),
      mrConfigId: at(184, 48),
      mrOwner: at(232, 48),
      mrOwnerConfig: at(280, 48),
      rtmr0: at(328, 48),
      rtmr1: at(376, 48),
      rtmr2: at(424, 48),
      rtmr3: at(472, 48),
      reportData: at(520, 64),
      ...(size === 648 ? { teeTcbSvn2: at(584, 16), mrServiceTd: at(600, 48) } : {}),
    });
    expect(hexOf(quote.signedBytes)).toBe(hexOf(bytes.subarray(0, body + size)));
    expect(hexOf(quote.quoteBytes)).toBe(hexOf(bytes));
  });

  test("gives every field of the signature section", () => {
    const inner = new TextEncoder().encode("chain\0");
    const qeReport = pattern(384, 11);
    const quote = parsed(writeQuote({ qeReport, authentication: pattern(7, 12), inner, innerType: 5 }));
    expect(hexOf(quote.signature)).toBe(hexOf(pattern(64, 8)));
    expect(hexOf(quote.attestationKey)).toBe(hexOf(pattern(64, 9)));
    expect(hexOf(quote.attestationPublicKey)).toBe(`04${hexOf(pattern(64, 9))}`);
    expect(hexOf(quote.qeReportBytes)).toBe(hexOf(qeReport));
    expect(hexOf(quote.qeReportSignature)).toBe(hexOf(pattern(64, 7)));
    expect(hexOf(quote.qeAuthenticationData)).toBe(hexOf(pattern(7, 12)));
    expect(quote.certificationData.type).toBe(5);
    expect(hexOf(quote.certificationData.bytes)).toBe(hexOf(inner));
    expect(quote.qeReport).toEqual({
      cpuSvn: hexOf(qeReport.subarray(0, 16)),
      miscSelect: hexOf(qeReport.subarray(16, 20)),
      attributes: hexOf(qeReport.subarray(48, 64)),
      mrEnclave: hexOf(qeReport.subarray(64, 96)),
      mrSigner: hexOf(qeReport.subarray(128, 160)),
      isvProdId: Buffer.from(qeReport).readUInt16LE(256),
      isvSvn: Buffer.from(qeReport).readUInt16LE(258),
      reportData: hexOf(qeReport.subarray(320, 384)),
    });
  });

  test.each([1, 2, 3, 4, 5])("may carry certification data of type %d", (innerType) => {
    expect(parsed(writeQuote({ innerType })).certificationData.type).toBe(innerType);
  });

  test.each([0, 1, 64, 4096])("may carry %d bytes of QE authentication data", (length) => {
    expect(parsed(writeQuote({ authentication: pattern(length) })).qeAuthenticationData).toHaveLength(length);
  });

  test.each([
    { name: "zeros", padding: new Uint8Array(3065) },
    { name: "anything else", padding: pattern(39) },
  ])("is the same quote when followed by $name", ({ padding }) => {
    expect(hexOf(parsed(writeQuote({ padding })).quoteBytes)).toBe(hexOf(v4));
  });

  test("is accepted at exactly 32 KiB and refused one byte later", () => {
    const padded = writeQuote({ padding: new Uint8Array(32768 - v4.length) });
    expect(parseQuote(padded).ok).toBe(true);
    expect(parseQuote(concat(padded, new Uint8Array(1)))).toMatchObject({
      ok: false,
      error: { stage: "quote-parse", code: "quote-too-large" },
    });
  });

  test("does not change when the caller reuses the buffer", () => {
    const buffer = Buffer.from(v4);
    const quote = parsed(buffer);
    buffer.fill(0);
    expect(hexOf(quote.quoteBytes)).toBe(hexOf(v4));
    expect(hexOf(quote.certificationData.bytes)).not.toMatch(/^0+$/);
  });

  test("cannot be altered through its fields", () => {
    const quote = parsed(v4);
    expect(Object.isFrozen(quote) && Object.isFrozen(quote.report) && Object.isFrozen(quote.qeReport)).toBe(true);
    expect(Object.isFrozen(quote.header) && Object.isFrozen(quote.certificationData)).toBe(true);
  });

  test("is shown with its registers at the top level", () => {
    const view = describeQuote(parsed(writeQuote({ version: 5 })));
    expect(Object.keys(view).slice(0, 4)).toEqual(["version", "teeType", "tdVersion", "qeVendorId"]);
    expect(view).toMatchObject({ version: 5, teeType: "tdx", tdVersion: "1.5", qeVendorId: INTEL_VENDOR });
    expect(view.mrtd).toHaveLength(96);
    expect(view.mrServiceTd).toHaveLength(96);
    expect(describeQuote(parsed(v4))).not.toHaveProperty("teeTcbSvn2");
  });
});

const minimal = writeQuote({ inner: new Uint8Array(), authentication: new Uint8Array() });
const innerSizeAt = V4_SECTION + 134 + 450 + 2;

describe("a malformed quote", () => {
  test.each([
    { name: "of no bytes", bytes: new Uint8Array(), code: "quote-too-short" },
    { name: "of 47 bytes", bytes: v4.subarray(0, 47), code: "quote-too-short" },
    { name: "of 48 bytes", bytes: v4.subarray(0, 48), code: "quote-truncated" },
    { name: "of version 3 for SGX", bytes: writeQuote({ version: 3, teeType: 0 }), code: "quote-not-tdx" },
    { name: "of version 3 that says TDX", bytes: writeQuote({ version: 3 }), code: "quote-not-tdx" },
    { name: "of version 0", bytes: writeQuote({ version: 0 }), code: "quote-version-unsupported" },
    { name: "of version 2", bytes: writeQuote({ version: 2 }), code: "quote-version-unsupported" },
    { name: "of version 6", bytes: writeQuote({ version: 6 }), code: "quote-version-unsupported" },
    { name: "of version 65535", bytes: writeQuote({ version: 65535 }), code: "quote-version-unsupported" },
    { name: "with the TEE type of SGX", bytes: writeQuote({ teeType: 0 }), code: "quote-not-tdx" },
    { name: "with an unknown TEE type", bytes: writeQuote({ teeType: 0x82 }), code: "quote-tee-type-unsupported" },
    {
      name: "with TEE type 0x80000081",
      bytes: writeQuote({ teeType: 0x80000081 }),
      code: "quote-tee-type-unsupported",
    },
    { name: "with key type 0", bytes: writeQuote({ keyType: 0 }), code: "quote-attestation-key-unsupported" },
    { name: "with key type 1", bytes: writeQuote({ keyType: 1 }), code: "quote-attestation-key-unsupported" },
    { name: "with a P-384 key", bytes: writeQuote({ keyType: 3 }), code: "quote-attestation-key-unsupported" },
    {
      name: "of another vendor",
      bytes: writeQuote({ vendor: `a${INTEL_VENDOR.slice(1)}` }),
      code: "quote-qe-vendor-unknown",
    },
    { name: "with an SGX body", bytes: writeQuote({ version: 5, bodyType: 1 }), code: "quote-not-tdx" },
    { name: "with body type 0", bytes: writeQuote({ version: 5, bodyType: 0 }), code: "quote-body-type-unsupported" },
    { name: "with body type 4", bytes: writeQuote({ version: 5, bodyType: 4 }), code: "quote-body-type-unsupported" },
    {
      name: "with type 3 and size 584",
      bytes: writeQuote({ version: 5, bodySize: 584 }),
      code: "quote-body-size-mismatch",
    },
    {
      name: "with type 2 and size 648",
      bytes: writeQuote({ version: 5, bodyType: 2, bodySize: 648 }),
      code: "quote-body-size-mismatch",
    },
    { name: "with body size 0", bytes: writeQuote({ version: 5, bodySize: 0 }), code: "quote-body-size-mismatch" },
    {
      name: "with body size 2^32-1",
      bytes: writeQuote({ version: 5, bodySize: 0xffffffff }),
      code: "quote-body-size-mismatch",
    },
    { name: "with signature length 2^32-1", bytes: writeQuote({ sectionSize: 0xffffffff }), code: "quote-truncated" },
    { name: "with signature length 2^31", bytes: writeQuote({ sectionSize: 0x80000000 }), code: "quote-truncated" },
    {
      name: "with signature length one over",
      bytes: writeQuote({ sectionSize: v4.length - V4_SECTION + 1 }),
      code: "quote-truncated",
    },
    {
      name: "with signature length one under",
      bytes: writeQuote({ sectionSize: v4.length - V4_SECTION - 1 }),
      code: "quote-length-mismatch",
    },
    { name: "with signature length 133", bytes: writeQuote({ sectionSize: 133 }), code: "quote-length-mismatch" },
    { name: "with signature length 134", bytes: writeQuote({ sectionSize: 134 }), code: "quote-length-mismatch" },
    { name: "with signature length 0", bytes: writeQuote({ sectionSize: 0 }), code: "quote-length-mismatch" },
    {
      name: "with outer size one over",
      bytes: writeQuote({ outerSize: v4.length - V4_SECTION - 133 }),
      code: "quote-length-mismatch",
    },
    {
      name: "with outer size one under",
      bytes: writeQuote({ outerSize: v4.length - V4_SECTION - 135 }),
      code: "quote-length-mismatch",
    },
    { name: "with outer size 2^32-1", bytes: writeQuote({ outerSize: 0xffffffff }), code: "quote-length-mismatch" },
    {
      name: "with outer data of 455 bytes",
      bytes: patched(patched(minimal, V4_SECTION - 4, u32(134 + 455)), V4_SECTION + 130, u32(455)),
      code: "quote-length-mismatch",
    },
    { name: "with outer type 5", bytes: writeQuote({ outerType: 5 }), code: "quote-certification-data-unsupported" },
    {
      name: "with authentication size 65535",
      bytes: writeQuote({ authenticationSize: 65535 }),
      code: "quote-length-mismatch",
    },
    {
      name: "with authentication size one over all that remains",
      bytes: patched(minimal, V4_SECTION + 134 + 448, u16(1)),
      code: "quote-length-mismatch",
    },
    { name: "with inner size one over", bytes: patched(minimal, innerSizeAt, u32(1)), code: "quote-length-mismatch" },
    {
      name: "with inner size one under",
      bytes: writeQuote({ inner: pattern(9), innerSize: 8 }),
      code: "quote-length-mismatch",
    },
    { name: "with inner size 2^32-1", bytes: writeQuote({ innerSize: 0xffffffff }), code: "quote-length-mismatch" },
    { name: "with inner type 6", bytes: writeQuote({ innerType: 6 }), code: "quote-certification-data-unsupported" },
    { name: "with inner type 7", bytes: writeQuote({ innerType: 7 }), code: "quote-certification-data-unsupported" },
    { name: "with inner type 0", bytes: writeQuote({ innerType: 0 }), code: "quote-certification-data-unsupported" },
  ])("$name is refused: $code", ({ bytes, code }) => {
    expect(parseQuote(bytes)).toMatchObject({ ok: false, error: { stage: "quote-parse", code } });
  });

  test("names the first wrong field of its header: version, TEE type, key type, vendor", () => {
    const wrong = { version: 6, teeType: 0x82, keyType: 3, vendor: "00".repeat(16) };
    const codes = [
      writeQuote(wrong),
      writeQuote({ ...wrong, version: 4 }),
      writeQuote({ ...wrong, version: 4, teeType: 0x81 }),
      writeQuote({ ...wrong, version: 4, teeType: 0x81, keyType: 2 }),
    ].map((bytes) => {
      const result = parseQuote(bytes);
      return result.ok ? "ok" : result.error.code;
    });
    expect(codes).toEqual([
      "quote-version-unsupported",
      "quote-tee-type-unsupported",
      "quote-attestation-key-unsupported",
      "quote-qe-vendor-unknown",
    ]);
  });

  test("is truncated wherever it is cut", () => {
    for (const bytes of [minimal, writeQuote({ version: 5 })]) {
      const codes = Array.from(bytes.keys(), (length) => {
        const result = parseQuote(bytes.subarray(0, length));
        return result.ok ? "ok" : result.error.code;
      });
      expect(new Set(codes.slice(0, 48))).toEqual(new Set(["quote-too-short"]));
      expect(new Set(codes.slice(48))).toEqual(new Set(["quote-truncated"]));
      expect(parseQuote(bytes).ok).toBe(true);
    }
  });

  test("of the smallest legal size is 1226 bytes and parses", () => {
    expect(minimal).toHaveLength(1226);
    expect(parseQuote(minimal).ok).toBe(true);
  });
});
