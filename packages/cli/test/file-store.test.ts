import { once } from "node:events";
import { lstat, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { execa } from "execa";
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

describe("a run that is interrupted", () => {
  const program = `
    import { createFileStore } from ${JSON.stringify(new URL("../src/file-store.ts", import.meta.url).href)};
    const onInterrupt = (callback) => {
      process.once("SIGTERM", callback);
      return () => process.off("SIGTERM", callback);
    };
    const store = createFileStore(process.stdin, onInterrupt);
    async function* endless() {
      yield Buffer.from("half");
      console.log("half written");
      await new Promise((resolve) => setTimeout(resolve, 60_000));
    }
    const [, path, how] = process.argv;
    const files = new Map([["a", "whole"], ["b", endless()]]);
    if (how === "scratch") await store.withScratch(async (scratch) => await store.writeDirectory(scratch, files));
    else await store[how](path, files);
  `;

  test.each(["writeDirectory", "replaceDirectory", "scratch"])("leaves nothing half written: %s", async (how) => {
    const room = await mkdtemp(join(directory, "room-"));
    const target = join(room, "release");
    if (how === "replaceDirectory") await storeWith().writeDirectory(target, new Map([["old", "old"]]));
    const child = execa(process.execPath, ["--input-type=module", "-e", program, target, how], {
      env: { TMPDIR: room },
      reject: false,
    });
    await once(child.stdout, "data");
    child.kill("SIGTERM");
    expect((await child).exitCode).toBe(130);
    const left = how === "replaceDirectory" ? ["release", join("release", "old")] : [];
    expect(await readdir(room, { recursive: true })).toEqual(left);
  });
});

async function* breakingOff(): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(Buffer.from("half"));
  throw new Error("it broke off");
}

describe("replacing", () => {
  test("a directory takes another's place whole, or not at all", async () => {
    const room = await mkdtemp(join(directory, "room-"));
    const target = join(room, "release");
    await storeWith().writeDirectory(target, new Map([["old", "old"]]));
    expect(await storeWith().replaceDirectory(target, new Map([["new", "new"]]))).toEqual({ ok: true, value: null });
    expect([await readdir(target), await readdir(room)]).toEqual([["new"], ["release"]]);
    await expect(storeWith().replaceDirectory(target, new Map([["x", breakingOff()]]))).rejects.toThrow("it broke off");
    expect([await readdir(target), await readdir(room)]).toEqual([["new"], ["release"]]);
  });

  test("a directory that is not there is not replaced", async () => {
    const outcome = await storeWith().replaceDirectory(join(directory, "nothing"), new Map([["x", "x"]]));
    expect(outcome).toMatchObject({ ok: false, error: { code: "file-unwritable" } });
  });

  test("a document keeps its mode, a link stays a link, and what is no file is written to", async () => {
    const room = await mkdtemp(join(directory, "room-"));
    const [target, link] = [join(room, "policy.json"), join(room, "link.json")];
    await writeFile(target, "old", { mode: 0o640 });
    await symlink(target, link);
    expect(await storeWith().write(link, "new", "document")).toMatchObject({ ok: true });
    expect([await readFile(target, "utf8"), (await stat(target)).mode & 0o777]).toEqual(["new", 0o640]);
    expect((await lstat(link)).isSymbolicLink()).toBe(true);
    expect(await storeWith().write("/dev/null", "new", "document")).toMatchObject({ ok: true });
    expect((await stat("/dev/null")).isCharacterDevice()).toBe(true);
    expect((await readdir(room)).toSorted()).toEqual(["link.json", "policy.json"]);
  });
});
