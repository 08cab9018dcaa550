import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { laneMachinery } from "./machinery.ts";

const lane = laneMachinery();

describe("the programs of the lockfile", () => {
  test("are found by the later steps of a job", async () => {
    const path = join(lane.directory, "path");
    const job = { GITHUB_WORKSPACE: "/home/runner/work/x", GITHUB_PATH: path };
    const told = { exitCode: 0, stdout: expect.stringContaining("would find"), stderr: "" };
    expect(await lane.script("path-of-programs.ts", ["--dry-run"], job)).toMatchObject(told);
    await expect(readFile(path)).rejects.toThrow("ENOENT");
    expect(await lane.script("path-of-programs.ts", [], job)).toMatchObject({ exitCode: 0, stderr: "" });
    expect(await readFile(path, "utf8")).toBe("/home/runner/work/x/node_modules/.bin\n");
  });

  test("are where nobody looks outside a workflow", async () => {
    expect(await lane.script("path-of-programs.ts", [])).toMatchObject({ exitCode: 2, stdout: "" });
  });
});
