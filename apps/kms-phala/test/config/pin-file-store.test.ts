import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readPinFile } from "../../src/config/pin-file-store.ts";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "kms-pin-"));
  await writeFile(join(folder, "pin"), "debug\n");
  await mkdir(join(folder, "folder"));
  await symlink(join(folder, "nowhere"), join(folder, "dangling"));
  await symlink(join(folder, "pin"), join(folder, "link"));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

describe("the profile pin file", () => {
  test.each(["pin", "link"])("is read (%s)", async (name) => {
    const pinFile = await readPinFile(join(folder, name));
    expect(pinFile.kind === "present" && Buffer.from(pinFile.bytes).toString()).toBe("debug\n");
  });

  test.each(["absent", "no-folder/pin"])("is absent where nothing stands (%s)", async (name) => {
    expect(await readPinFile(join(folder, name))).toEqual({ kind: "absent" });
  });

  test.each(["folder", "dangling", "pin/below-a-file"])("that cannot be read is not absent (%s)", async (name) => {
    expect(await readPinFile(join(folder, name))).toEqual({ kind: "unreadable" });
  });
});
