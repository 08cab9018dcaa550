import { describe, expect, test } from "vitest";
import { parsePemCertificates } from "../src/pem.ts";
import { HAS_REAL_VECTORS, readExpectedQuotes, readVector } from "./real-vectors.ts";
import { pemOf } from "./real-evidence.ts";
import { certificateOf } from "./synthetic-pki.ts";

const BEGIN = "-----BEGIN CERTIFICATE-----";
const END = "-----END CERTIFICATE-----";

function block(der: Uint8Array, { width = 64, lineEnd = "\n" } = {}): string {
  const base64 = Buffer.from(der).toString("base64");
  const lines = base64.match(new RegExp(`.{1,${width}}`, "g")) ?? [];
  return [BEGIN, ...lines, END, ""].join(lineEnd);
}

const leaf = certificateOf("pckLeaf");
const ca = certificateOf("platformCa");
const CHAIN = block(leaf) + block(ca);

function serials(text: string | Uint8Array): readonly string[] | string {
  const result = parsePemCertificates(text);
  return result.ok ? result.value.map(({ serialHex }) => serialHex) : result.error.reason;
}

describe("a PEM chain", () => {
  test.each([
    { name: "with LF", text: CHAIN },
    { name: "with CRLF", text: block(leaf, { lineEnd: "\r\n" }) + block(ca, { lineEnd: "\r\n" }) },
    { name: "without the last line end", text: CHAIN.trimEnd() },
    { name: "with a final NUL", text: `${CHAIN}\0` },
    { name: "with white space and NULs after it", text: `${CHAIN} \t\r\n\0\n\0\0` },
    { name: "with blank lines between blocks", text: `${block(leaf)}\n \t\r\n${block(ca)}` },
    { name: "with base64 on one line", text: block(leaf, { width: 100_000 }) + block(ca, { width: 1 }) },
  ])("$name is read in its order", ({ text }) => {
    expect(serials(text)).toEqual(["05", "02"]);
    expect(serials(new TextEncoder().encode(text))).toEqual(["05", "02"]);
  });

  test("keeps the bytes of its certificates, repeated ones included", () => {
    const result = parsePemCertificates(block(ca) + block(leaf) + block(leaf));
    expect(result.ok ? result.value.map(({ der }) => der) : []).toEqual([ca, leaf, leaf]);
  });

  test("takes certificates that begin alike for what each of them is", () => {
    const forged = leaf.with(leaf.length - 1, (leaf.at(-1) ?? 0) ^ 1);
    const result = parsePemCertificates(block(leaf) + block(forged) + block(leaf));
    expect(result.ok ? result.value.map(({ der }) => der) : []).toEqual([leaf, forged, leaf]);
  });

  test.each(["", "\0", "\n", " \r\n\t\0"])("without a block is empty: %j", (text) => {
    expect(serials(text)).toEqual([]);
  });
});

describe("a PEM chain is refused for", () => {
  const outside = "text outside of CERTIFICATE blocks";
  const notBase64 = "a CERTIFICATE block is not canonical base64 in lines";
  const base64 = Buffer.from(leaf).toString("base64");
  const around = (body: string): string => `${BEGIN}${body}${END}\n`;
  test.each([
    { name: "text before it", text: `Subject: me\n${CHAIN}`, reason: outside },
    { name: "a line end before it", text: `\n${CHAIN}`, reason: outside },
    { name: "a NUL before it", text: `\0${CHAIN}`, reason: outside },
    { name: "a byte order mark", text: `\ufeff${CHAIN}`, reason: outside },
    { name: "text between blocks", text: `${block(leaf)}x\n${block(ca)}`, reason: outside },
    { name: "a NUL between blocks", text: `${block(leaf)}\0${block(ca)}`, reason: outside },
    { name: "text after it", text: `${CHAIN}x`, reason: outside },
    { name: "text after a NUL", text: `${CHAIN}\0x`, reason: outside },
    { name: "a no-break space after it", text: `${CHAIN}\u00a0`, reason: outside },
    { name: "blocks on one line", text: `${block(leaf).trimEnd()}${block(ca)}`, reason: "text after END CERTIFICATE" },
    { name: "text after END", text: `${block(leaf).trimEnd()}x`, reason: "text after END CERTIFICATE" },
    {
      name: "BEGIN without END",
      text: `${block(leaf)}${BEGIN}\n${base64}\n`,
      reason: "BEGIN CERTIFICATE without its END",
    },
    { name: "END alone", text: `${END}\n`, reason: outside },
    { name: "BEGIN in a block", text: around(`\n${BEGIN}\n${base64}\n`), reason: notBase64 },
    { name: "another label", text: CHAIN.replaceAll("CERTIFICATE", "TRUSTED CERTIFICATE"), reason: outside },
    { name: "a key", text: CHAIN.replaceAll("CERTIFICATE", "PRIVATE KEY"), reason: outside },
    { name: "a label in lower case", text: CHAIN.toLowerCase(), reason: outside },
    { name: "an empty block", text: around("\n"), reason: notBase64 },
    { name: "a block with an empty line", text: around("\n\n"), reason: notBase64 },
    { name: "a block without its line ends", text: around(base64), reason: notBase64 },
    { name: "base64 on the line of BEGIN", text: around(`${base64}\n`), reason: notBase64 },
    { name: "base64 on the line of END", text: around(`\n${base64}`), reason: notBase64 },
    {
      name: "an empty line in a block",
      text: around(`\n${base64.slice(0, 64)}\n\n${base64.slice(64)}\n`),
      reason: notBase64,
    },
    { name: "a space in a block", text: around(`\n${base64.slice(0, 64)} \n${base64.slice(64)}\n`), reason: notBase64 },
    {
      name: "a CR alone in a block",
      text: around(`\n${base64.slice(0, 64)}\r${base64.slice(64)}\n`),
      reason: notBase64,
    },
    { name: "a header in a block", text: around(`\nProc-Type: 4\n\n${base64}\n`), reason: notBase64 },
    { name: "a character that is no base64", text: around(`\n*${base64.slice(1)}\n`), reason: notBase64 },
    { name: "the alphabet for URLs", text: around(`\n-${base64.slice(1)}\n`), reason: notBase64 },
    { name: "missing padding", text: around("\nMA\n"), reason: notBase64 },
    { name: "unused bits set", text: around("\nMB==\n"), reason: notBase64 },
    {
      name: "padding before the end",
      text: around(`\n${base64.slice(0, 64)}====\n${base64.slice(64)}\n`),
      reason: notBase64,
    },
    { name: "a certificate that does not parse", text: around("\nMAA=\n"), reason: "not a signed structure" },
  ])("$name", ({ text, reason }) => {
    expect(serials(text)).toBe(reason);
    expect(serials(new TextEncoder().encode(text))).toBe(reason);
  });

  test("bytes that are not UTF-8", () => {
    expect(serials(Uint8Array.from([...new TextEncoder().encode(CHAIN), 0xff]))).toBe(outside);
  });

  test("more than 64 KiB", () => {
    const room = 64 * 1024 - CHAIN.length;
    expect(serials(CHAIN + " ".repeat(room))).toEqual(["05", "02"]);
    expect(serials(CHAIN + " ".repeat(room + 1))).toBe("chain longer than 64 KiB");
    expect(serials(new TextEncoder().encode(CHAIN + " ".repeat(room + 1)))).toBe("chain longer than 64 KiB");
  });
});

describe.skipIf(!HAS_REAL_VECTORS)("the PEM chain of a real quote", () => {
  test.each(HAS_REAL_VECTORS ? readExpectedQuotes().map(({ quote }) => quote) : [])(
    "%s has three certificates",
    (quote) => {
      expect(serials(`${pemOf(readVector(quote))}\0`)).toHaveLength(3);
    },
  );
});
