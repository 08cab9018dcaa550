import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";

import {
  digestOf,
  loadRelease,
  parseReleaseVersion,
  readWhole,
  releaseVersionOf,
  type ReleaseFiles,
} from "../src/index.ts";
import { judged, VERSION } from "./release-world.ts";

const MIB = 1024 * 1024;

/** A file of so many MiB of one byte, made while it is read. */
async function* mebibytes(count: number): AsyncGenerator<Uint8Array> {
  await Promise.resolve();
  const piece = new Uint8Array(MIB).fill(7);
  for (let index = 0; index < count; index += 1) yield piece;
}

/** A directory of which only names and sizes are known until somebody opens a file. */
function listed(
  sizes: Readonly<Record<string, number>>,
  open: ReleaseFiles["open"],
): ReleaseFiles & { readonly opened: string[] } {
  const opened: string[] = [];
  return {
    opened,
    list: async () => await Promise.resolve(Object.entries(sizes).map(([name, size]) => ({ name, size }))),
    open: (name) => {
      opened.push(name);
      return open(name);
    },
  };
}

const TO_LOAD = {
  lane: "verifier",
  version: VERSION,
  repository: "calimero-network/mero-tee",
  verifySignature: null,
} as const;

describe("a released directory", () => {
  test("has its large files digested piece by piece", async () => {
    const hash = createHash("sha256");
    for await (const piece of mebibytes(100)) hash.update(piece);
    expect(await digestOf(mebibytes(100), 512 * MIB)).toBe(hash.digest("hex"));
    expect(await digestOf(mebibytes(3), 2 * MIB)).toBeNull();
    expect(await readWhole(mebibytes(3), 2 * MIB)).toBeNull();
  });

  test("has files left closed that are too long by their size, or that belong to no release", async () => {
    const files = listed(
      {
        "verifier-offline.html": 65 * MIB,
        "mero-verifier-release-manifest.json": 6 * MIB,
        "../evil": 1,
        "setup.exe": 1,
      },
      () => mebibytes(1),
    );
    const loaded = await loadRelease(files, TO_LOAD);
    expect(files.opened).toEqual([]);
    expect(loaded.ok && [...loaded.value.assets.values()].every(({ sha256 }) => sha256 === null)).toBe(true);
  });

  test("has files cut off that are longer than their size said", async () => {
    const files = listed({ "mero-verifier-release-manifest.json": 1 }, () => mebibytes(6));
    const loaded = await loadRelease(files, TO_LOAD);
    const manifest = loaded.ok
      ? loaded.value.documents.verifierReleaseManifest.get("mero-verifier-release-manifest.json")
      : undefined;
    expect(manifest?.result).toMatchObject({ ok: false, error: [{ code: "document-json-malformed" }] });
  });

  test("that cannot be read is no verdict", async () => {
    const broken = listed({ "mero-verifier-web.tar.gz": 1 }, () => {
      throw new Error("the disk is gone");
    });
    expect(await loadRelease(broken, TO_LOAD)).toEqual({
      ok: false,
      error: { code: "release-unreadable", file: "mero-verifier-web.tar.gz", reason: "the disk is gone" },
    });
    expect(await releaseVersionOf({ ...broken, list: () => Promise.reject(new Error("gone")) }, "kms")).toMatchObject({
      ok: false,
      error: { code: "release-unreadable", file: "the directory" },
    });
  });

  test("with more files than any release has is not read", async () => {
    const sizes = Object.fromEntries(Array.from({ length: 2001 }, (_, index) => [`f${index}`, 1]));
    const files = listed(sizes, () => mebibytes(1));
    expect(await loadRelease(files, TO_LOAD)).toMatchObject({ ok: false, error: { code: "release-unreadable" } });
    expect(files.opened).toEqual([]);
  });

  test("says its version by its most telling readable document", async () => {
    const texts: Readonly<Record<string, string>> = {
      "kms-phala-release-manifest.json": "{",
      "kms-phala-compatibility-map.json": '{"tag": "2.4.0"}',
    };
    const files = listed(
      { "kms-phala-release-manifest.json": 1, "kms-phala-compatibility-map.json": 1 },
      async function* open(name) {
        await Promise.resolve();
        yield new TextEncoder().encode(texts[name]);
      },
    );
    expect(await releaseVersionOf(files, "kms")).toEqual({ ok: true, value: parseReleaseVersion("2.4.0") });
    expect(await releaseVersionOf(files, "node")).toEqual({ ok: true, value: null });
  });
});

test("the quick judgement is of assets, checksums and signatures alone", async () => {
  const { rules, outcome } = await judged(
    { lane: "kms", edit: { "kms-phala-container-metadata.json": (text) => text.replace('"2.4.0"', '"2.4.1"') } },
    { isQuick: true },
  );
  expect(outcome).toBe("ok");
  expect(new Set(rules.map(({ id }) => id.split("-")[0]))).toEqual(new Set(["AS", "CK", "C"]));
});
