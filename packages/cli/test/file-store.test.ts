import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { createFileStore } from "../src/file-store.ts";

let directory = "";
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "mero-tee-test-"));
  await writeFile(join(directory, "ten"), "0123456789");
});
afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
});

function storeWith(standardInput = ""): ReturnType<typeof createFileStore> {
  return createFileStore(Readable.from([Buffer.from(standardInput)]));
}

describe("reading", () => {
  test("gives the whole file up to the limit, and refuses one byte more", async () => {
    const path = join(directory, "ten");
    const read = await storeWith().read(path, 10);
    expect(read.ok && Buffer.from(read.value).toString()).toBe("0123456789");
    expect(await storeWith().read(path, 9)).toMatchObject({ ok: false, error: { code: "input-too-large" } });
  });

  test.each([
    { name: "a file that is not there", path: "absent", code: "file-missing" },
    { name: "a file below a file", path: "ten/below", code: "file-missing" },
    { name: "a directory", path: ".", code: "file-unreadable" },
    { name: "a name no file can have", path: "a\0b", code: "file-unreadable" },
  ])("reports $name as $code", async ({ path, code }) => {
    expect(await storeWith().read(join(directory, path), 10)).toMatchObject({ ok: false, error: { code } });
  });

  test("takes standard input for -, once", async () => {
    const store = storeWith("piped");
    const read = await store.read("-", 10);
    expect(read.ok && Buffer.from(read.value).toString()).toBe("piped");
    expect(await store.read("-", 10)).toMatchObject({ ok: false, error: { code: "usage-invalid" } });
  });

  test("bounds standard input too", async () => {
    expect(await storeWith("piped").read("-", 4)).toMatchObject({ ok: false, error: { code: "input-too-large" } });
  });
});

describe("writing", () => {
  test("a secret is readable by its owner alone, and never replaces a file", async () => {
    const path = join(directory, "secret");
    expect(await storeWith().write(path, "one", "secret")).toMatchObject({ ok: true });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await storeWith().write(path, "two", "secret")).toMatchObject({
      ok: false,
      error: { code: "file-unwritable" },
    });
    expect(await readFile(path, "utf8")).toBe("one");
  });

  test("a document replaces a file", async () => {
    const path = join(directory, "document");
    await storeWith().write(path, "one", "document");
    expect(await storeWith().write(path, "two", "document")).toMatchObject({ ok: true });
    expect(await readFile(path, "utf8")).toBe("two");
  });

  test("a directory that is not there is an environment failure, not a missing input", async () => {
    expect(await storeWith().write(join(directory, "no", "file"), "x", "document")).toMatchObject({
      ok: false,
      error: { code: "file-unwritable" },
    });
  });
});
