import { assert, property, string, uint8Array } from "fast-check";
import { describe, expect, test } from "vitest";

import { checksumsText, parseChecksums } from "../src/index.ts";

const A = "a".repeat(64);
const B = "b".repeat(64);

function checkAnything(content: string | Uint8Array): void {
  const result = parseChecksums(content);
  const again = result.ok ? parseChecksums(checksumsText(result.value)).ok : result.error.length > 0;
  expect(again).toBe(true);
}

describe("a checksum file", () => {
  test("is written sorted by bytes, as sha256sum writes it", () => {
    const sums = [
      { sha256: B, name: "b.json" },
      { sha256: A, name: "Z.json" },
      { sha256: A, name: "a.debug.json" },
      { sha256: A, name: "a.debug-read-only.json" },
    ];
    expect(checksumsText(sums)).toBe(`${A}  Z.json\n${A}  a.debug-read-only.json\n${A}  a.debug.json\n${B}  b.json\n`);
    expect(parseChecksums(checksumsText(sums))).toMatchObject({ ok: true });
  });

  test("of sha256sum itself is read, in both of its modes", () => {
    const sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    for (const printed of [`${sha256}  x.json\n`, `${sha256} *x.json\n`]) {
      expect(parseChecksums(new TextEncoder().encode(printed))).toEqual({
        ok: true,
        value: [{ sha256, name: "x.json" }],
      });
    }
  });

  test.each([
    { name: "CRLF", text: `${A}  x.json\r\n${B}  y.json\r\n` },
    { name: "a star", text: `${A} *x.json\n${B} *y.json\n` },
    { name: "directories", text: `${A}  artifacts/x.json\n${B}  out/kms/y.json\n` },
    { name: "upper case", text: `${A.toUpperCase()}  x.json\n${B}  y.json\n` },
    { name: "no last line feed", text: `${A}  x.json\n${B}  y.json` },
  ])("with $name is read", ({ text }) => {
    expect(parseChecksums(text)).toEqual({
      ok: true,
      value: [
        { sha256: A, name: "x.json" },
        { sha256: B, name: "y.json" },
      ],
    });
  });

  test.each([
    { name: "nothing in it", text: "", line: 0 },
    { name: "a blank line", text: `${A}  x\n\n${B}  y\n`, line: 2 },
    { name: "one space", text: `${A} x\n`, line: 1 },
    { name: "a tab", text: `${A}\tx\n`, line: 1 },
    { name: "a short digest", text: `${A.slice(1)}  x\n`, line: 1 },
    { name: "a digest of another kind", text: `${A}${B}  x\n`, line: 1 },
    { name: "an absolute path", text: `${A}  /etc/passwd\n`, line: 1 },
    { name: "a way up", text: `${A}  ../x\n`, line: 1 },
    { name: "a way up in the middle", text: `${A}  artifacts/../x\n`, line: 1 },
    { name: "the directory itself", text: `${A}  ..\n`, line: 1 },
    { name: "a dot first", text: `${A}  ./x\n`, line: 1 },
    { name: "a backslash", text: `${A}  a\\..\\x\n`, line: 1 },
    { name: "an escaped name", text: `\\${A}  a\\nb\n`, line: 1 },
    { name: "a hidden file", text: `${A}  .x\n`, line: 1 },
    { name: "an option", text: `${A}  -rf\n`, line: 1 },
    { name: "a drive", text: `${A}  C:x\n`, line: 1 },
    { name: "a space in a name", text: `${A}  a b\n`, line: 1 },
    { name: "no name", text: `${A}  \n`, line: 1 },
    { name: "a name twice", text: `${A}  x\n${A}  x\n`, line: 2 },
    { name: "a name twice by directories", text: `${A}  a/x\n${B}  b/x\n`, line: 2 },
    { name: "the BSD form", text: `SHA256 (x) = ${A}\n`, line: 1 },
    { name: "a comment", text: `# sums\n${A}  x\n`, line: 1 },
    { name: "a byte order mark", text: `\uFEFF${A}  x\n`, line: 1 },
    { name: "a name of 129 characters", text: `${A}  ${"x".repeat(129)}\n`, line: 1 },
    { name: "too many lines", text: `${A}  x\n`.repeat(1001), line: 0 },
  ])("with $name is refused at its line", ({ text, line }) => {
    expect(parseChecksums(text)).toMatchObject({ ok: false, error: [{ code: "checksums-malformed", line }] });
  });

  test("that is no text is refused", () => {
    expect(parseChecksums(new Uint8Array([0xff, 0xfe]))).toMatchObject({ ok: false, error: [{ reason: "not UTF-8" }] });
    expect(parseChecksums("x".repeat(1024 * 1024 + 1))).toMatchObject({ ok: false, error: [{ line: 0 }] });
  });

  test("never throws, and what it gives is written and read again", () => {
    assert(property(string(), checkAnything));
    assert(property(uint8Array(), checkAnything));
  });
});
