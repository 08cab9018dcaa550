import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ROOT } from "./markdown.ts";

const SCRIPT = join(ROOT, "scripts/propose-change.ts");
const TOKEN = "a-token-that-is-none";

interface Call {
  readonly line: string;
  readonly body: unknown;
  readonly authorization: string | undefined;
}

let directory: string;
let clone: string;
let remote: string;
let github: Server;
let apiUrl: string;
let calls: Call[];
/** What the stand-in has to say about open pull requests, and the status of what it is asked to make. */
let state: { open: object[]; status: number };

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "mero-tee-propose-"));
  [remote, clone] = [join(directory, "server/owner/name.git"), join(directory, "clone")];
  await mkdir(remote, { recursive: true });
  await execa("git", ["init", "--quiet", "--bare", remote]);
  await execa("git", ["init", "--quiet", "--initial-branch", "master", clone]);
  await writeFile(join(clone, "catalog.json"), "[]");
  await git("add", "--all");
  await git("-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "--quiet", "--message", "x");
  calls = [];
  state = { open: [], status: 201 };
  github = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const text = Buffer.concat(chunks).toString();
      const { method = "", url = "", headers } = request;
      calls.push({
        line: `${method} ${url}`,
        body: text === "" ? null : JSON.parse(text),
        authorization: headers.authorization,
      });
      response.statusCode = method === "GET" ? 200 : state.status;
      response.end(JSON.stringify(method === "GET" ? state.open : { number: 7 }));
    });
  });
  await new Promise<void>((resolve) => void github.listen(0, "127.0.0.1", resolve));
  const address = github.address();
  apiUrl = `http://127.0.0.1:${typeof address === "object" ? (address?.port ?? 0) : 0}`;
});

afterEach(async () => {
  await new Promise((resolve) => void github.close(resolve));
  await rm(directory, { recursive: true, force: true });
});

async function git(...args: readonly string[]): Promise<string> {
  return (await execa("git", ["-C", clone, ...args])).stdout;
}

async function propose(...more: readonly string[]) {
  const args = ["--branch", "update/catalog-2.4.0", "--title", "chore: list 2.4.0", "--path", "catalog.json", ...more];
  return await execa(process.execPath, [SCRIPT, ...args], {
    cwd: clone,
    env: {
      GITHUB_SERVER_URL: `file://${directory}/server`,
      GITHUB_API_URL: apiUrl,
      GITHUB_REPOSITORY: "owner/name",
      GITHUB_TOKEN: TOKEN,
    },
    reject: false,
  });
}

describe("propose-change", () => {
  test("does nothing without a change", async () => {
    expect(await propose()).toMatchObject({ exitCode: 0, stdout: "nothing has changed" });
    expect(calls).toEqual([]);
  });

  test("pushes a branch with that one change, and opens a pull request with its labels", async () => {
    await writeFile(join(clone, "catalog.json"), "[1]");
    await writeFile(join(clone, "other.json"), "not proposed");
    await writeFile(join(directory, "body.md"), "because");
    const run = await propose("--label", "catalog", "--body", join(directory, "body.md"));
    expect(run).toMatchObject({ exitCode: 0, stdout: "pull request 7 proposes: chore: list 2.4.0" });
    const pushed = await execa("git", ["-C", remote, "show", "--format=%s|%an", "--name-only", "update/catalog-2.4.0"]);
    expect(pushed.stdout.split("\n").filter(Boolean)).toEqual([
      "chore: list 2.4.0|github-actions[bot]",
      "catalog.json",
    ]);
    expect(calls.map(({ line }) => line)).toEqual([
      "GET /repos/owner/name/pulls?state=open&base=master&head=owner:update/catalog-2.4.0",
      "POST /repos/owner/name/pulls",
      "POST /repos/owner/name/issues/7/labels",
    ]);
    expect(calls[1]?.body).toEqual({
      title: "chore: list 2.4.0",
      body: "because",
      head: "update/catalog-2.4.0",
      base: "master",
    });
    expect(calls.every(({ authorization }) => authorization === `Bearer ${TOKEN}`)).toBe(true);
    expect(await git("config", "--list", "--local")).not.toContain("extraheader");
  });

  test("renews the pull request that the branch has", async () => {
    state.open = [{ number: 7 }];
    await writeFile(join(clone, "catalog.json"), "[1]");
    expect((await propose()).exitCode).toBe(0);
    expect(calls.map(({ line }) => line.split("?")[0])).toEqual([
      "GET /repos/owner/name/pulls",
      "PATCH /repos/owner/name/pulls/7",
    ]);
  });

  test("changes nothing in a dry run, not even what git is to commit", async () => {
    expect(await propose("--dry-run")).toMatchObject({ exitCode: 0, stdout: "nothing has changed" });
    await writeFile(join(clone, "catalog.json"), "[1]");
    const run = await propose("--dry-run");
    expect(run).toMatchObject({ exitCode: 0, stdout: "update/catalog-2.4.0 would propose: chore: list 2.4.0" });
    expect(calls).toEqual([]);
    expect((await execa("git", ["-C", remote, "branch", "--list"])).stdout).toBe("");
    expect((await execa("git", ["-C", clone, "diff", "--cached", "--name-only"])).stdout).toBe("");
  });

  test("says what GitHub refused, and not with which token", async () => {
    state.status = 403;
    await writeFile(join(clone, "catalog.json"), "[1]");
    const run = await propose();
    expect(run).toMatchObject({ exitCode: 1, stderr: "GitHub refused POST pulls with status 403" });
  });

  test.each([
    { name: "a branch that is an option", args: ["--branch", "--force"] },
    { name: "a branch that climbs", args: ["--branch", "update/..x"] },
    { name: "a branch of somebody else's", args: ["--branch", "master"] },
    { name: "a title of two lines", args: ["--title", "a\nb"] },
    { name: "an unknown flag", args: ["--force"] },
  ])("refuses $name", async ({ args }) => {
    await writeFile(join(clone, "catalog.json"), "[1]");
    expect((await propose(...args)).exitCode).toBe(2);
    expect(calls).toEqual([]);
  });
});
