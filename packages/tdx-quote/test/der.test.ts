import { describe, expect, test } from "vitest";
import {
  DER_TAG,
  derBitStringBytes,
  derBoolean,
  derEnumerated,
  derOctetString,
  derOid,
  derParts,
  derText,
  derUnsigned,
  derUnsignedBytes,
  parseDer,
  type DerNode,
} from "../src/der.ts";
import { bits, bool, bytes, int, octets, oid, seq, set, text, tlv } from "./der-writer.ts";

function read(der: Uint8Array): DerNode {
  const result = parseDer(der);
  if (!result.ok) throw new Error(`${result.error.reason} at ${result.error.offset}`);
  return result.value;
}

/** Values inside values. */
function nested(depth: number): Uint8Array {
  let value = seq();
  for (let level = 1; level < depth; level += 1) value = seq(value);
  return value;
}

describe("what a value is made of", () => {
  test("tag, offsets, content and bytes of a value and its parts", () => {
    const document = bytes("30 07 02 01 05 04 02 aa bb");
    const node = read(document);
    expect(node).toMatchObject({ tag: 0x30, offset: 0, header: 2 });
    expect(node.bytes).toEqual(document);
    expect(node.content).toEqual(document.subarray(2));
    expect(node.children?.map((child) => [child.tag, child.offset, child.header])).toEqual([
      [0x02, 2, 2],
      [0x04, 5, 2],
    ]);
    expect(node.children?.[1]?.content).toEqual(bytes("aabb"));
    expect(node.children?.[1]?.bytes).toEqual(bytes("0402aabb"));
  });

  test("parts are made once, and also when the document is a part of a larger buffer", () => {
    const node = read(bytes("ff ff 30 03 02 01 05 ff").subarray(2, 7));
    expect(node.children?.[0]?.content).toEqual(Uint8Array.of(5));
    expect(node.children).toBe(node.children);
  });

  test("a primitive value has no parts, an empty constructed one has none of them", () => {
    expect(read(bytes("0400")).children).toBeUndefined();
    expect([...read(bytes("0401ff")).elements()]).toEqual([]);
    expect(read(bytes("0401ff")).parts(1)).toEqual([]);
    expect(read(bytes("3000")).children).toEqual([]);
  });

  test.each([
    { length: 0x7f, header: 2 },
    { length: 0x80, header: 3 },
    { length: 0xff, header: 3 },
    { length: 0x100, header: 4 },
    { length: 0xffff, header: 4 },
    { length: 0x1_0000, header: 5 },
  ])("a content of $length bytes has a header of $header", ({ length, header }) => {
    const node = read(octets(new Uint8Array(length).fill(7)));
    expect(node.header).toBe(header);
    expect(node.content).toEqual(new Uint8Array(length).fill(7));
  });

  test("a content of 16 MiB has a header of 6", () => {
    const document = new Uint8Array(6 + 0x100_0000);
    document.set(bytes("04 84 01 00 00 00"));
    expect(read(document).header).toBe(6);
  });

  test("context-specific values are read in either form and primitive ones are not looked into", () => {
    expect(read(bytes("a0 03 02 01 02")).children).toHaveLength(1);
    expect(read(bytes("80 03 02 05 02")).content).toEqual(bytes("020502"));
  });
});

describe("values that are refused", () => {
  test.each([
    { name: "nothing", der: "", reason: "cut short", offset: 0 },
    { name: "a tag alone", der: "30", reason: "cut short", offset: 0 },
    { name: "a content that is missing", der: "0401", reason: "runs past its end", offset: 0 },
    { name: "a content that is cut", der: "3003020105 00".slice(0, 8), reason: "runs past its end", offset: 0 },
    { name: "an inner content past the outer end", der: "3003 0202 05 05", reason: "trailing bytes", offset: 5 },
    { name: "an inner content past its outer value", der: "3003 0202 05", reason: "runs past its end", offset: 2 },
    { name: "bytes after the value", der: "0500 00", reason: "trailing bytes", offset: 2 },
    { name: "a byte after the last part", der: "3003 0500 05", reason: "cut short", offset: 4 },
    { name: "an indefinite length", der: "3080 0500 0000", reason: "indefinite length", offset: 0 },
    { name: "an indefinite length inside", der: "3004 3080 0000", reason: "indefinite length", offset: 2 },
    { name: "a long form for a short length", der: "048101aa", reason: "non-minimal length", offset: 0 },
    {
      name: "a length with a leading zero byte",
      der: `048200ff${"aa".repeat(255)}`,
      reason: "non-minimal length",
      offset: 0,
    },
    { name: "four length bytes where three do", der: "0484 0000 0001 aa", reason: "non-minimal length", offset: 0 },
    { name: "five length bytes", der: "0485 0100000000", reason: "length of more than four bytes", offset: 0 },
    { name: "the reserved length byte", der: "04ff", reason: "length of more than four bytes", offset: 0 },
    { name: "length bytes that are missing", der: "0482ff", reason: "cut short", offset: 0 },
    { name: "a length of 2^32 - 1", der: "0484 ffffffff", reason: "runs past its end", offset: 0 },
    { name: "a high tag number", der: "1f0100", reason: "tag number above 30", offset: 0 },
    { name: "a high context-specific tag number", der: "bf210100", reason: "tag number above 30", offset: 0 },
    { name: "an end-of-contents mark", der: "0000", reason: "wrong form of its type", offset: 0 },
    { name: "a primitive SEQUENCE", der: "1000", reason: "wrong form of its type", offset: 0 },
    { name: "a primitive SET", der: "1100", reason: "wrong form of its type", offset: 0 },
    { name: "a constructed OCTET STRING", der: "2404 0402 aabb", reason: "wrong form of its type", offset: 0 },
    { name: "a constructed BOOLEAN", der: "2100", reason: "wrong form of its type", offset: 0 },
    { name: "an empty BOOLEAN", der: "0100", reason: "BOOLEAN other than 00 or FF", offset: 0 },
    { name: "a BOOLEAN of two bytes", der: "0102ffff", reason: "BOOLEAN other than 00 or FF", offset: 0 },
    { name: "a BOOLEAN of 01", der: "010101", reason: "BOOLEAN other than 00 or FF", offset: 0 },
    { name: "an empty INTEGER", der: "0200", reason: "empty INTEGER", offset: 0 },
    { name: "an INTEGER with a leading zero", der: "0202007f", reason: "non-minimal INTEGER", offset: 0 },
    { name: "an INTEGER with a leading FF", der: "0202ff80", reason: "non-minimal INTEGER", offset: 0 },
    { name: "an empty ENUMERATED", der: "0a00", reason: "empty INTEGER", offset: 0 },
    { name: "an ENUMERATED with a leading zero", der: "0a020001", reason: "non-minimal INTEGER", offset: 0 },
    { name: "an empty BIT STRING", der: "0300", reason: "BIT STRING with a wrong count of unused bits", offset: 0 },
    {
      name: "a BIT STRING of unused bits only",
      der: "030101",
      reason: "BIT STRING with a wrong count of unused bits",
      offset: 0,
    },
    { name: "eight unused bits", der: "03020800", reason: "BIT STRING with a wrong count of unused bits", offset: 0 },
    { name: "unused bits that are set", der: "03020681 ".trim(), reason: "BIT STRING with unused bits set", offset: 0 },
    { name: "a NULL with content", der: "050100", reason: "NULL with content", offset: 0 },
    { name: "an empty OID", der: "0600", reason: "empty OBJECT IDENTIFIER", offset: 0 },
    { name: "an OID that is cut", der: "06022a86", reason: "OBJECT IDENTIFIER cut short", offset: 0 },
    { name: "an OID arc with a leading zero", der: "06032a8001", reason: "non-minimal OBJECT IDENTIFIER", offset: 0 },
    {
      name: "an OID that begins with a leading zero",
      der: "06028001",
      reason: "non-minimal OBJECT IDENTIFIER",
      offset: 0,
    },
    {
      name: "the same inside a context-specific value",
      der: "a004 0202 0001",
      reason: "non-minimal INTEGER",
      offset: 2,
    },
  ])("$name: $reason", ({ der, reason, offset }) => {
    expect(parseDer(bytes(der))).toEqual({ ok: false, error: { reason, offset } });
  });

  test("16 levels are read, 17 are not unless asked for", () => {
    expect(parseDer(nested(16)).ok).toBe(true);
    expect(parseDer(nested(17), 17).ok).toBe(true);
    expect(parseDer(nested(17))).toEqual({ ok: false, error: { reason: "nested too deeply", offset: 32 } });
    expect(parseDer(nested(3000)).ok).toBe(false);
  });

  test("two million values in 4 MiB are walked without being built", () => {
    const document = tlv(
      0x30,
      new Uint8Array(4 * 1024 * 1024 - 5).map((_, index) => (index % 2 === 0 ? 5 : 0)).subarray(1),
    );
    expect(document.length).toBeGreaterThan(4_000_000);
    expect(parseDer(document).ok).toBe(false);
    const nulls = new Uint8Array(4_000_000).map((_, index) => (index % 2 === 0 ? 5 : 0));
    const node = read(tlv(0x30, nulls));
    expect(derParts(node, DER_TAG.sequence)).toBeNull();
  });
});

describe("parts of a structure", () => {
  test("are those of a value with the wanted tag", () => {
    expect(derParts(read(seq(int(1), int(2))), DER_TAG.sequence)).toHaveLength(2);
    expect(derParts(read(set(int(1))), DER_TAG.set)).toHaveLength(1);
    expect(derParts(read(seq()), DER_TAG.sequence)).toEqual([]);
  });

  test("are refused for another tag, for nothing, and for more of them than wanted", () => {
    expect(derParts(read(seq()), DER_TAG.set)).toBeNull();
    expect(derParts(undefined, DER_TAG.sequence)).toBeNull();
    expect(derParts(read(seq(int(1), int(2), int(3))), DER_TAG.sequence, 2)).toBeNull();
    const sixtyFour = Array.from({ length: 64 }, () => int(0));
    expect(derParts(read(seq(...sixtyFour)), DER_TAG.sequence)).toHaveLength(64);
    expect(derParts(read(seq(...sixtyFour, int(0))), DER_TAG.sequence)).toBeNull();
  });
});

describe("object identifiers", () => {
  test.each([
    "0.0",
    "0.39",
    "1.0",
    "1.39",
    "2.0",
    "2.39",
    "2.47",
    "2.48",
    "2.999.3",
    "1.2.840.10045.4.3.2",
    "1.2.840.113741.1.13.1.2.18",
    "2.5.29.35",
    "1.2.4503599627370495",
  ])("%s is read", (dotted) => {
    expect(derOid(read(oid(dotted)))).toBe(dotted);
  });

  test("an arc too large to be exact has no name", () => {
    expect(derOid(read(oid(`2.${2n ** 52n - 1n - 80n}`)))).toBe(`2.${2n ** 52n - 81n}`);
    expect(derOid(read(oid(`1.2.${2n ** 52n}`)))).toBeNull();
    expect(derOid(read(oid(`1.2.${2n ** 128n}`)))).toBeNull();
    expect(derOid(read(oid(`1.2.${2n ** 128n + 1n}.3`)))).toBeNull();
  });

  test("another type has none", () => {
    expect(derOid(read(int(5)))).toBeNull();
    expect(derOid(undefined)).toBeNull();
  });
});

describe("integers", () => {
  test.each([
    { value: 0, magnitude: "00" },
    { value: 127, magnitude: "7f" },
    { value: 128, magnitude: "80" },
    { value: 255, magnitude: "ff" },
    { value: 256, magnitude: "0100" },
    { value: 65_535, magnitude: "ffff" },
    { value: 2 ** 48 - 1, magnitude: "ffffffffffff" },
  ])("$value is read as a number, not as its last byte", ({ value, magnitude }) => {
    expect(derUnsigned(read(int(value)), 2 ** 48 - 1)).toBe(value);
    expect(derUnsignedBytes(read(int(value)))).toEqual(bytes(magnitude));
  });

  test.each([-1, -128, -129, -32_768])("%s is not unsigned", (value) => {
    expect(derUnsigned(read(int(value)), 2 ** 48 - 1)).toBeNull();
    expect(derUnsignedBytes(read(int(value)))).toBeNull();
  });

  test("a value past its bound is refused", () => {
    expect(derUnsigned(read(int(255)), 255)).toBe(255);
    expect(derUnsigned(read(int(256)), 255)).toBeNull();
    expect(derUnsigned(read(int(2 ** 48)), 2 ** 48 - 1)).toBeNull();
  });

  test("another type is no INTEGER", () => {
    expect(derUnsigned(read(tlv(0x0a, Uint8Array.of(1))), 1)).toBeNull();
    expect(derUnsignedBytes(undefined)).toBeNull();
  });

  test("an ENUMERATED is read from 0 to 127", () => {
    expect(derEnumerated(read(bytes("0a0100")))).toBe(0);
    expect(derEnumerated(read(bytes("0a017f")))).toBe(127);
    expect(derEnumerated(read(bytes("0a0180")))).toBeNull();
    expect(derEnumerated(read(bytes("0a020080")))).toBeNull();
    expect(derEnumerated(read(int(1)))).toBeNull();
    expect(derEnumerated(undefined)).toBeNull();
  });
});

describe("other values", () => {
  test("a BOOLEAN", () => {
    expect(derBoolean(read(bool(true)))).toBe(true);
    expect(derBoolean(read(bool(false)))).toBe(false);
    expect(derBoolean(read(int(1)))).toBeNull();
    expect(derBoolean(undefined)).toBeNull();
  });

  test("an OCTET STRING, of a wanted length or of any", () => {
    expect(derOctetString(read(octets(bytes("aabb"))))).toEqual(bytes("aabb"));
    expect(derOctetString(read(octets(bytes("aabb"))), 2)).toEqual(bytes("aabb"));
    expect(derOctetString(read(octets(bytes("aabb"))), 3)).toBeNull();
    expect(derOctetString(read(bits(bytes("aabb"))))).toBeNull();
    expect(derOctetString(undefined)).toBeNull();
  });

  test("the text of a UTF8String or a PrintableString", () => {
    expect(derText(read(text(0x0c, "Ünïcödé 😀")))).toBe("Ünïcödé 😀");
    expect(derText(read(text(0x0c, "\ufeff")))).toBe("\ufeff");
    expect(derText(read(text(0x0c, "")))).toBe("");
    expect(derText(read(text(0x13, "AZaz09 '()+,-./:=?")))).toBe("AZaz09 '()+,-./:=?");
  });

  test.each([
    { name: "invalid UTF-8", value: tlv(0x0c, bytes("c3")) },
    { name: "a surrogate in UTF-8", value: tlv(0x0c, bytes("eda080")) },
    { name: "a PrintableString with an asterisk", value: text(0x13, "a*b") },
    { name: "a PrintableString with a line feed at its end", value: text(0x13, "ab\n") },
    { name: "a PrintableString with an umlaut", value: text(0x13, "ü") },
    { name: "an IA5String", value: text(0x16, "ab") },
  ])("$name is no text", ({ value }) => {
    expect(derText(read(value))).toBeNull();
    expect(derText(undefined)).toBeNull();
  });

  test("a BIT STRING of whole bytes", () => {
    expect(derBitStringBytes(read(bits(bytes("aabb"))))).toEqual(bytes("aabb"));
    expect(derBitStringBytes(read(bits(new Uint8Array(0))))).toEqual(new Uint8Array(0));
    expect(derBitStringBytes(read(bits(bytes("c0"), 6)))).toBeNull();
    expect(derBitStringBytes(read(octets(bytes("00"))))).toBeNull();
    expect(derBitStringBytes(undefined)).toBeNull();
  });
});
