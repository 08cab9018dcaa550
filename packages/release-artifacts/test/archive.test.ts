import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { asyncProperty, assert, uint8Array } from "fast-check";
import { afterAll, describe, expect, test } from "vitest";

import { readArchive, writeArchive } from "../src/index.ts";

const directory = mkdtempSync(join(tmpdir(), "archive-"));
afterAll(() => rmSync(directory, { recursive: true }));

async function* pieces(content: Uint8Array, size = 1000): AsyncGenerator<Uint8Array> {
  await Promise.resolve();
  for (let at = 0; at < content.length; at += size) yield content.subarray(at, at + size);
}

function tar(...args: readonly string[]): Uint8Array {
  execFileSync("tar", ["-czf", "out.tar.gz", ...args], { cwd: directory });
  return readFileSync(join(directory, "out.tar.gz"));
}

function sha256(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

const LONG = `${"d".repeat(60)}/${"e".repeat(60)}/${"f".repeat(60)}`;

describe("an archive", () => {
  test.each(["ustar", "gnu", "pax"])("of tar's %s format is read, long names and all", async (format) => {
    mkdirSync(join(directory, LONG), { recursive: true });
    writeFileSync(join(directory, LONG, "x"), "abc");
    writeFileSync(join(directory, "big"), Buffer.alloc(200_000, 7));
    const result = await readArchive(pieces(tar(`--format=${format}`, LONG, "big")));
    expect(result).toMatchObject({ ok: true });
    const names = result.ok ? result.value.map(({ name, size, sha256: digest }) => ({ name, size, digest })) : [];
    expect(names).toEqual([
      { name: `${LONG}/x`, size: 3, digest: sha256("abc") },
      { name: "big", size: 200_000, digest: sha256(Buffer.alloc(200_000, 7)) },
    ]);
  });

  test("that we write is unpacked by tar", async () => {
    const written = await writeArchive([{ name: "a.json", content: new TextEncoder().encode("{}") }], 1_768_472_400);
    writeFileSync(join(directory, "ours.tar.gz"), written);
    const listed = execFileSync("tar", ["-tvzf", "ours.tar.gz"], { cwd: directory, env: { TZ: "UTC" } }).toString();
    expect(listed).toMatch(/^-rw-r--r-- 0\/0 +2 2026-01-15 10:20 a\.json\n$/);
    expect(execFileSync("tar", ["-xzOf", "ours.tar.gz", "a.json"], { cwd: directory }).toString()).toBe("{}");
    expect(sha256(written)).toBe(
      sha256(await writeArchive([{ name: "a.json", content: new TextEncoder().encode("{}") }], 1_768_472_400)),
    );
  });

  test.each(["../x", "/etc/passwd", "a/../../x", "a\\..\\x", "a//x", "./../x", "a\u0007b"])(
    "with the name %j is refused",
    async (name) => {
      const packed = await writeArchive([{ name, content: new Uint8Array(1) }], 0);
      expect(await readArchive(pieces(packed))).toMatchObject({ ok: false, error: { code: "archive-malformed" } });
    },
  );

  test("with a link is refused, wherever it leads", async () => {
    symlinkSync("/etc/passwd", join(directory, "link"));
    expect(await readArchive(pieces(tar("link")))).toMatchObject({
      ok: false,
      error: { reason: '"link" is neither file nor directory' },
    });
  });

  test("with a name twice is refused", async () => {
    const twice = await writeArchive(
      [
        { name: "x", content: new Uint8Array(1) },
        { name: "./x", content: new Uint8Array(2) },
      ],
      0,
    );
    expect(await readArchive(pieces(twice))).toMatchObject({ ok: false, error: { reason: '"x" is in it twice' } });
  });

  test("that is cut short is refused at every length", async () => {
    const whole = await writeArchive([{ name: "x", content: new Uint8Array(700).fill(1) }], 0);
    for (let length = 0; length < whole.length; length += 1) {
      expect((await readArchive(pieces(whole.subarray(0, length)))).ok).toBe(false);
    }
    const unpacked = gunzipSync(whole);
    for (const length of [0, 100, 512, 600, 1500]) {
      expect((await readArchive(pieces(gzipSync(unpacked.subarray(0, length))))).ok).toBe(false);
    }
  });

  test("with something behind its end is refused", async () => {
    const one = gunzipSync(await writeArchive([{ name: "x", content: new Uint8Array(1) }], 0));
    expect(await readArchive(pieces(gzipSync(Buffer.concat([one, one]))))).toMatchObject({
      ok: false,
      error: { reason: "something follows its end" },
    });
    expect((await readArchive(pieces(gzipSync(Buffer.concat([one, Buffer.alloc(9728)]))))).ok).toBe(true);
  });

  test("with a header that was changed is refused", async () => {
    const unpacked = gunzipSync(await writeArchive([{ name: "x", content: new Uint8Array(1) }], 0));
    unpacked[0] = 0x79;
    expect(await readArchive(pieces(gzipSync(unpacked)))).toMatchObject({
      ok: false,
      error: { reason: "a header that is not tar's" },
    });
  });

  test("never makes the reader throw", async () => {
    await assert(
      asyncProperty(uint8Array({ maxLength: 2000 }), async (content) => {
        expect((await readArchive(pieces(gzipSync(content), 7))).ok).toBe(
          content.length >= 512 && content.every((byte) => byte === 0),
        );
        expect((await readArchive(pieces(content))).ok).toBe(false);
      }),
      { numRuns: 50 },
    );
  });

  test("whose file cannot be read fails as the reader of the file does", async () => {
    const broken: AsyncIterable<Uint8Array> = {
      [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error("the disk is gone")) }),
    };
    await expect(readArchive(broken)).rejects.toThrow("the disk is gone");
  });
});
