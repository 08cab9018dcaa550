import { concatBytes, u16le, u32le } from "../byte-writer.ts";
import { fieldOf, type BuiltQuote } from "../quote.ts";
import { HEADER_BYTES, QE_REPORT_BYTES, QE_REPORT_OFFSETS } from "../quote-layout.ts";
import type { Recipe } from "../recipe.ts";
import { defineDefect, defineSingle, refused, type Defect, type ExpectedOutcome, type Variant } from "./defect.ts";

/** Size limit of a quote with its padding. */
export const QUOTE_LIMIT_BYTES: number = 32 * 1024;

/** Largest value of an unsigned 32-bit field. */
export const U32_MAX = 0xffff_ffff;

const LENGTH_MISMATCH = refused("quote-parse", "quote-length-mismatch");
const TRUNCATED = refused("quote-parse", "quote-truncated");

function headerCase(
  id: string,
  describe: string,
  expected: ExpectedOutcome,
  change: (quote: Recipe["quote"]) => void,
): Defect {
  return defineSingle(id, describe, expected, (recipe) => change(recipe.quote));
}

function versionCase(version: number): Defect {
  return headerCase(
    `quote-version-${version}`,
    `the header says version ${version}`,
    refused("quote-parse", "quote-version-unsupported"),
    (quote) => {
      quote.version = version;
    },
  );
}

function keyTypeCase(name: string, type: number): Defect {
  return headerCase(
    `quote-key-type-${name}`,
    `the attestation key type is ${type}`,
    refused("quote-parse", "quote-attestation-key-unsupported"),
    (quote) => {
      quote.attestationKeyType = type;
    },
  );
}

function lengthCase(
  id: string,
  describe: string,
  expected: ExpectedOutcome,
  field: "section" | "outer" | "authentication" | "inner",
  lies: readonly (readonly [string, (actual: number) => number])[],
): Defect {
  return defineDefect(
    id,
    describe,
    lies.map(([name, lie]) => ({
      name,
      expected,
      change: (recipe) => {
        recipe.quote.lengths[field] = lie;
      },
    })),
  );
}

function descriptorVariant(type: number, size: number, expected: ExpectedOutcome): Variant {
  return {
    name: `body type ${type}, size ${size}`,
    expected,
    start: { version: 5, bodyType: type === 3 ? 3 : 2 },
    change: (recipe) => {
      recipe.quote.descriptor = { type, size };
    },
  };
}

/** An SGX quote of version 3, laid out by Intel's ECDSA quote library API, appendix A.4; its signature is rubbish. */
function sgxQuote(recipe: Recipe, teeType: number): Uint8Array {
  const report = new Uint8Array(QE_REPORT_BYTES);
  report.set(recipe.quote.report.reportData, QE_REPORT_OFFSETS.reportData);
  const section = new Uint8Array(64 + 64 + QE_REPORT_BYTES + 64 + 2 + 32 + 2 + 4);
  section.set(u16le(32), 576);
  section.set(u16le(5), 610);
  return concatBytes(
    u16le(3),
    u16le(2),
    u32le(teeType),
    new Uint8Array(4),
    recipe.quote.qeVendorId,
    recipe.quote.userData,
    report,
    u32le(section.length),
    section,
  );
}

/** The section as version 3 has it: QE report and PCK chain stand directly after the attestation key. */
function withoutOuterCertification(quote: BuiltQuote): Uint8Array {
  const outer = fieldOf(quote, "outerType").offset;
  const inner = fieldOf(quote, "qeReport").offset;
  const length = fieldOf(quote, "sectionLength").offset;
  const actual = quote.bytes.length - length - 4 - (inner - outer);
  return concatBytes(
    quote.bytes.subarray(0, length),
    u32le(actual),
    quote.bytes.subarray(length + 4, outer),
    quote.bytes.subarray(inner),
  );
}

/** Relabels TD report 1.0 as 1.5, the missing 64 bytes put in as zeros. */
function relabelled(quote: BuiltQuote): Uint8Array {
  const bodyEnd = fieldOf(quote, "sectionLength").offset;
  return concatBytes(
    quote.bytes.subarray(0, HEADER_BYTES),
    u16le(3),
    u32le(648),
    quote.bytes.subarray(HEADER_BYTES + 6, bodyEnd),
    new Uint8Array(64),
    quote.bytes.subarray(bodyEnd),
  );
}

/** Cases about the header, the version 5 descriptor and every length field of a quote. */
export const QUOTE_SHAPE_DEFECTS: readonly Defect[] = [
  headerCase("quote-empty", "no bytes at all", refused("quote-parse", "quote-too-short"), (quote) => {
    quote.editQuote = () => new Uint8Array(0);
  }),
  headerCase("quote-header-truncated", "47 bytes", refused("quote-parse", "quote-too-short"), (quote) => {
    quote.editQuote = ({ bytes }) => bytes.slice(0, 47);
  }),
  headerCase(
    "quote-oversized",
    "padded to one byte more than the limit",
    refused("quote-parse", "quote-too-large"),
    (quote) => {
      quote.editQuote = ({ bytes }) => concatBytes(bytes, new Uint8Array(QUOTE_LIMIT_BYTES + 1 - bytes.length));
    },
  ),
  defineSingle(
    "quote-version-3-sgx",
    "an SGX quote of version 3",
    refused("quote-parse", "quote-not-tdx"),
    (recipe) => {
      recipe.quote.editQuote = () => sgxQuote(recipe, 0);
    },
  ),
  defineSingle(
    "quote-version-3-tdx",
    "version 3 with the TEE type of TDX",
    refused("quote-parse", "quote-not-tdx"),
    (recipe) => {
      recipe.quote.version = 3;
    },
  ),
  versionCase(0),
  versionCase(2),
  versionCase(6),
  versionCase(65_535),
  headerCase(
    "quote-v4-sgx-tee-type",
    "version 4 with the TEE type of SGX",
    refused("quote-parse", "quote-not-tdx"),
    (quote) => {
      quote.teeType = 0;
    },
  ),
  headerCase(
    "quote-tee-type-unknown",
    "TEE type 0x82",
    refused("quote-parse", "quote-tee-type-unsupported"),
    (quote) => {
      quote.teeType = 0x82;
    },
  ),
  keyTypeCase("p384", 3),
  keyTypeCase("0", 0),
  keyTypeCase("1", 1),
  headerCase(
    "quote-vendor-unknown",
    "one byte of the QE vendor ID differs",
    refused("quote-parse", "quote-qe-vendor-unknown"),
    (quote) => {
      quote.qeVendorId = Uint8Array.from(quote.qeVendorId, (byte, index) => (index === 15 ? byte ^ 1 : byte));
    },
  ),
  defineDefect("quote-v5-body-sgx", "the version 5 body is an SGX report", [
    descriptorVariant(1, 584, refused("quote-parse", "quote-not-tdx")),
    descriptorVariant(1, 384, refused("quote-parse", "quote-not-tdx")),
  ]),
  defineDefect("quote-v5-body-type-unknown", "the version 5 body type is not defined", [
    descriptorVariant(0, 584, refused("quote-parse", "quote-body-type-unsupported")),
    descriptorVariant(4, 584, refused("quote-parse", "quote-body-type-unsupported")),
  ]),
  defineDefect("quote-v5-body-size-wrong", "the version 5 body size contradicts the type", [
    descriptorVariant(3, 584, refused("quote-parse", "quote-body-size-mismatch")),
    descriptorVariant(2, 648, refused("quote-parse", "quote-body-size-mismatch")),
    descriptorVariant(2, 0, refused("quote-parse", "quote-body-size-mismatch")),
    descriptorVariant(2, U32_MAX, refused("quote-parse", "quote-body-size-mismatch")),
    descriptorVariant(2, 583, refused("quote-parse", "quote-body-size-mismatch")),
    descriptorVariant(3, 649, refused("quote-parse", "quote-body-size-mismatch")),
  ]),
  defineSingle(
    "quote-v5-descriptor-unsigned",
    "the signature leaves the six descriptor bytes out",
    refused("quote-signature", "quote-signature-invalid"),
    (recipe) => {
      recipe.quote.editSigned = (signed) =>
        concatBytes(signed.subarray(0, HEADER_BYTES), signed.subarray(HEADER_BYTES + 6));
    },
    { version: 5 },
  ),
  defineSingle(
    "quote-v5-type-swap",
    "TD report 1.0 relabelled as 1.5, not signed again",
    refused("quote-signature", "quote-signature-invalid"),
    (recipe) => {
      recipe.quote.editQuote = relabelled;
    },
    { version: 5 },
  ),
  lengthCase("quote-sig-length-max", "the section asks for more than there is", TRUNCATED, "section", [
    ["2^32 - 1", () => U32_MAX],
    ["2^31", () => 0x8000_0000],
    ["one more", (actual) => actual + 1],
  ]),
  lengthCase("quote-sig-length-short", "the section is longer than it says", LENGTH_MISMATCH, "section", [
    ["one less", (actual) => actual - 1],
    ["133", () => 133],
    ["0", () => 0],
  ]),
  lengthCase("quote-outer-size-mismatch", "the outer size is not what the section leaves", LENGTH_MISMATCH, "outer", [
    ["one more", (actual) => actual + 1],
    ["one less", (actual) => actual - 1],
    ["2^32 - 1", () => U32_MAX],
  ]),
  defineDefect("quote-outer-type-5", "the outer certification data are a PCK chain", [
    {
      name: "outer type 5",
      expected: refused("quote-parse", "quote-certification-data-unsupported"),
      change: (recipe) => {
        recipe.quote.certification.outerType = 5;
      },
    },
    {
      name: "the layout of version 3",
      expected: refused("quote-parse", "quote-certification-data-unsupported"),
      change: (recipe) => {
        recipe.quote.editQuote = withoutOuterCertification;
      },
    },
  ]),
  lengthCase(
    "quote-qe-auth-length-max",
    "the authentication data ask for more than there is",
    LENGTH_MISMATCH,
    "authentication",
    [["65535", () => 0xffff]],
  ),
  lengthCase("quote-inner-size-mismatch", "the inner size is not what the section leaves", LENGTH_MISMATCH, "inner", [
    ["one more", (actual) => actual + 1],
    ["one less", (actual) => actual - 1],
    ["2^32 - 1", () => U32_MAX],
  ]),
  defineDefect(
    "quote-inner-type-6-nested",
    "the inner certification data have a type that cannot stand there",
    [6, 7, 0].map((type) => ({
      name: `type ${type}`,
      expected: refused("quote-parse", "quote-certification-data-unsupported"),
      change: (recipe: Recipe) => {
        recipe.quote.certification.type = type;
      },
    })),
  ),
];
