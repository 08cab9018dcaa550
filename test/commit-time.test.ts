import { afterEach, expect, test, vi } from "vitest";
import { execa } from "execa";
import { commitTime } from "../scripts/commit-time.ts";
import { Misuse } from "../scripts/script-outcome.ts";
import { ROOT } from "./markdown.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

test("the time of a commit is when it was committed, unless it is set", async () => {
  vi.stubEnv("SOURCE_DATE_EPOCH", "");
  const { stdout } = await execa("git", ["log", "-1", "--format=%ct"], { cwd: ROOT });
  expect(await commitTime("HEAD")).toBe(Number(stdout));
  vi.stubEnv("SOURCE_DATE_EPOCH", "1768472400");
  expect(await commitTime("HEAD")).toBe(1_768_472_400);
});

test.each([
  ["a time that is none", "HEAD", "yesterday"],
  ["the beginning of time", "HEAD", "0"],
  ["a commit that is not here", "0".repeat(40), ""],
  ["a commit that is an option for every branch", "--all", ""],
  ["a commit that is an option for the newest", "-1", ""],
])("%s is refused", async (_, commit, set) => {
  vi.stubEnv("SOURCE_DATE_EPOCH", set);
  await expect(commitTime(commit)).rejects.toThrow(Misuse);
});
