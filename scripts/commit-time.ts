import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { Misuse } from "./script-outcome.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/**
 * The time that everything made of a commit carries, in Unix seconds: `SOURCE_DATE_EPOCH` where that is set, else when it was
 * committed. Made again, it is the same bytes.
 *
 * @throws Misuse for a commit that is not in this clone, and a setting that is no time
 */
export async function commitTime(commit: string): Promise<number> {
  const set = process.env["SOURCE_DATE_EPOCH"] ?? "";
  const time = set === "" ? await timeFromGit(commit) : set;
  if (!/^[1-9]\d{0,9}$/.test(time)) throw new Misuse(`SOURCE_DATE_EPOCH is no time in Unix seconds: ${time}`);
  return Number(time);
}

async function timeFromGit(commit: string): Promise<string> {
  const shown = await execa("git", ["log", "-1", "--format=%ct", "--end-of-options", commit, "--"], {
    cwd: ROOT,
    reject: false,
  });
  if (shown.exitCode !== 0) throw new Misuse(`The commit ${commit} is not in this clone.`);
  return shown.stdout.trim();
}
