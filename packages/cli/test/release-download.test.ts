import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { createFileStore } from "../src/file-store.ts";
import type { HttpPort } from "../src/http-client.ts";
import { documentOf, runInWorld } from "./run-cli.ts";

const BASE = "https://github.com/calimero-network/mero-tee/releases/download/mero-kms-v2.4.0/";
const ASSETS: Readonly<Record<string, string>> = {
  "kms-phala-checksums.txt": "sums",
  "kms-phala-checksums.txt.sig": "signature",
};

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "mero-tee-download-"));
});

afterAll(async () => {
  await rm(directory, { recursive: true });
});

/** GitHub with one release; the file named `broken` breaks off in the middle. */
function github(broken?: string): HttpPort {
  return async (url) => {
    const name = url.startsWith(BASE) ? url.slice(BASE.length) : null;
    const listed = JSON.stringify({
      tag_name: "mero-kms-v2.4.0",
      assets: Object.keys(ASSETS).map((each) => ({ name: each, size: 1 })),
    });
    const text = name === null ? (url.endsWith("/mero-kms-v2.4.0") ? listed : undefined) : ASSETS[name];
    const pieces = text === undefined ? [] : [text.slice(0, 2), text.slice(2)];
    const read = async () => {
      const piece = pieces.shift();
      if (name === broken && name !== null && pieces.length === 0) throw new Error("reset");
      return await Promise.resolve(
        piece === undefined ? { done: true } : { done: false, value: new TextEncoder().encode(piece) },
      );
    };
    return await Promise.resolve({
      status: text === undefined ? 404 : 200,
      headers: { get: () => null },
      body: { getReader: () => ({ read, cancel: async () => await Promise.resolve() }) },
    });
  };
}

async function download(out: string, fetch: HttpPort, version = "2.4.0") {
  const args = ["release", "download", version, "--lane", "kms", "--out", join(directory, out), "--json"];
  return await runInWorld(args, { files: createFileStore(Readable.from([])), fetch });
}

describe("release download", () => {
  test("puts every asset into a new directory", async () => {
    const outcome = await download("whole", github());
    expect(outcome.exitCode).toBe(0);
    expect(documentOf(outcome)).toMatchObject({ tag: "mero-kms-v2.4.0", files: Object.keys(ASSETS) });
    for (const [name, text] of Object.entries(ASSETS))
      expect(await readFile(join(directory, "whole", name), "utf8")).toBe(text);
  });

  test("that is interrupted leaves nothing, and the next one is whole", async () => {
    const outcome = await download("broken", github("kms-phala-checksums.txt.sig"));
    expect(outcome.exitCode).toBe(1);
    expect(documentOf(outcome)).toMatchObject({ failure: { code: "release-fetch-failed" } });
    expect((await readdir(directory)).filter((name) => name.includes("broken"))).toEqual([]);
    expect((await download("broken", github())).exitCode).toBe(0);
  });

  test("never adds to a directory that is there", async () => {
    await download("twice", github());
    expect(documentOf(await download("twice", github()))).toMatchObject({ failure: { code: "file-unwritable" } });
  });

  test("of a release that is not there ends with 11", async () => {
    const outcome = await download("none", github(), "2.9.9");
    expect(outcome.exitCode).toBe(11);
    expect(documentOf(outcome)).toMatchObject({ failure: { code: "release-not-found" } });
  });
});

describe("release verify --version", () => {
  const args = ["release", "verify", "--lane", "kms", "--json"];

  test("fetches the release, and judges it", async () => {
    const files = createFileStore(Readable.from([]));
    const outcome = await runInWorld([...args, "--version", "mero-kms-v2.4.0"], { files, fetch: github() });
    expect(outcome.exitCode).toBe(10);
    expect(documentOf(outcome)).toMatchObject({ ok: false, version: "2.4.0", failure: { code: "release-refused" } });
    const absent = await runInWorld([...args, "--version", "2.9.9"], { files, fetch: github() });
    expect(absent.exitCode).toBe(11);
  });

  test("needs a directory or a version", async () => {
    expect((await runInWorld(args)).exitCode).toBe(2);
  });
});

describe("a scratch directory", () => {
  test("is private, and gone afterwards, whatever happens in it", async () => {
    const files = createFileStore(Readable.from([]));
    const used: string[] = [];
    const work = files.withScratch(async (path) => {
      used.push(path);
      await files.writeDirectory(path, new Map([["a", "b"]]));
      expect((await stat(join(path, ".."))).mode & 0o777).toBe(0o700);
      throw new Error("stopped");
    });
    await expect(work).rejects.toThrow("stopped");
    await expect(stat(join(used[0] ?? "", ".."))).rejects.toThrow("ENOENT");
  });

  test("shows on a terminal how far it is, and takes the line away", async () => {
    const args = ["release", "download", "2.4.0", "--lane", "kms", "--out", join(directory, "seen")];
    const world = { files: createFileStore(Readable.from([])), fetch: github() };
    const seen = await runInWorld(args, { ...world, isTerminal: true, progressAfterMs: 0 });
    expect(seen.stderr).toContain("\u001B[2K… 1 of 2 files, 0.0 MiB\r\u001B[2K… 2 of 2 files, 0.0 MiB");
    expect(seen.stderr.endsWith("MiB\r\u001B[2K")).toBe(true);
  });

  test("draws nothing into a log", async () => {
    const args = ["release", "download", "2.4.0", "--lane", "kms", "--out", join(directory, "unseen")];
    const world = { files: createFileStore(Readable.from([])), fetch: github() };
    expect((await runInWorld(args, world)).stderr).toBe("");
  });
});

describe("release verify without a lane", () => {
  test.each([
    ["a directory", ["release", "verify", "kms"]],
    ["nothing at all", ["release", "verify"]],
    ["a tag of another lane than --lane", ["release", "verify", "--lane", "node", "--version", "mero-kms-v2.4.0"]],
  ])("is misuse with %s", async (_, args) => {
    const outcome = await runInWorld([...args, "--json"]);
    expect(documentOf(outcome)).toMatchObject({ ok: false, failure: { code: "usage-invalid" } });
  });
});
