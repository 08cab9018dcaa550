import { type ChildProcess, fork, spawn } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { parseReleasePolicy } from "@mero-tee/policy";
import { DstackClient } from "@phala/dstack-sdk";
import { expect, onTestFinished, test } from "vitest";

import { temporaryDirectory } from "./fixture.ts";

const MAIN = fileURLToPath(new URL("../../src/server/main.ts", import.meta.url));

interface Ready {
  readonly event: string;
  readonly url: string;
  readonly profile: string;
  readonly rootCaFile: string | null;
  readonly policyFile: string | null;
  readonly dstackSocket: string | null;
}

function start(args: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ["pipe", "pipe", "pipe"] });
  killAtTheEnd(child);
  return child;
}

function killAtTheEnd(child: ChildProcess): void {
  onTestFinished(() => {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
  });
}

async function firstLine(child: ChildProcess): Promise<Ready> {
  if (child.stdout === null) throw new Error("no stdout");
  for await (const line of createInterface({ input: child.stdout })) return JSON.parse(line);
  throw new Error("the simulator said nothing");
}

async function exitOf(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null) return child.exitCode;
  const [code] = await once(child, "exit");
  return code;
}

async function outputOf(args: readonly string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = start(args);
  const texts = { stdout: "", stderr: "" };
  child.stdout?.on("data", (chunk: Buffer) => (texts.stdout += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => (texts.stderr += chunk.toString()));
  const [code] = await once(child, "close");
  return { code, ...texts };
}

test("says when it is ready, serves what it says, writes its files, and ends with SIGTERM", async () => {
  const directory = await temporaryDirectory();
  const files = {
    dstackSocket: join(directory, "dstack.sock"),
    rootCaFile: join(directory, "root-ca.pem"),
    policyFile: join(directory, "policy.json"),
  };
  const child = start([
    "--profile",
    "debug",
    "--dstack-socket",
    files.dstackSocket,
    "--root-ca-file",
    files.rootCaFile,
    "--policy-file",
    files.policyFile,
  ]);
  const ready = await firstLine(child);
  expect(ready).toMatchObject({ event: "ready", profile: "debug", ...files });
  expect(await (await fetch(`${ready.url}/root-ca.pem`)).text()).toBe(await readFile(files.rootCaFile, "utf8"));
  const policy = parseReleasePolicy(
    await readFile(files.policyFile, "utf8"),
    { profile: "debug", isLegacyFile: false },
    "node",
  );
  expect(policy).toMatchObject({ ok: true, value: { profile: "debug" } });
  expect((await new DstackClient(files.dstackSocket).getKey("a")).key).toHaveLength(32);
  child.kill("SIGTERM");
  expect(await exitOf(child)).toBe(0);
  expect(existsSync(files.dstackSocket)).toBe(false);
});

async function rootKeyOf(args: readonly string[]): Promise<string> {
  const child = start(args);
  const { url } = await firstLine(child);
  const root = new X509Certificate(await (await fetch(`${url}/root-ca.pem`)).text());
  child.kill("SIGINT");
  expect(await exitOf(child)).toBe(0);
  return root.publicKey.export({ type: "spki", format: "pem" }).toString();
}

test("makes the same root for the same seed, and another without", async () => {
  const [first, second, other] = await Promise.all([
    rootKeyOf(["--seed", "s"]),
    rootKeyOf(["--seed", "s"]),
    rootKeyOf([]),
  ]);
  expect(first).toBe(second);
  expect(first).not.toBe(other);
});

test("goes on when standard input closes", async () => {
  const child = start([]);
  const { url } = await firstLine(child);
  child.stdin?.end();
  expect((await fetch(url)).status).toBe(200);
  child.kill("SIGTERM");
  expect(await exitOf(child)).toBe(0);
});

test("ends with its parent's end of standard input when told so", async () => {
  const child = start(["--exit-with-parent"]);
  const { url } = await firstLine(child);
  expect((await fetch(url)).status).toBe(200);
  child.stdin?.end();
  expect(await exitOf(child)).toBe(0);
});

test("ends with the IPC channel when told so and there is one", async () => {
  const child = fork(MAIN, ["--exit-with-parent"], { stdio: ["ignore", "pipe", "pipe", "ipc"] });
  killAtTheEnd(child);
  const { url } = await firstLine(child);
  expect((await fetch(url)).status).toBe(200);
  child.disconnect();
  expect(await exitOf(child)).toBe(0);
});

test.each([{ args: ["--port", "x"] }, { args: ["--unknown"] }, { args: ["--profile", "release"] }])(
  "refuses $args with exit 2 and one line",
  async ({ args }) => {
    const { code, stdout, stderr } = await outputOf(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/^tee-simulator: [^\n]+\n$/);
  },
);

test("fails with exit 1 and one line when it cannot write a file", async () => {
  const { code, stdout, stderr } = await outputOf([
    "--root-ca-file",
    join(await temporaryDirectory(), "missing", "root.pem"),
  ]);
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toMatch(/^tee-simulator: [^\n]+\n$/);
});

test("explains itself", async () => {
  const { code, stdout } = await outputOf(["--help"]);
  expect(code).toBe(0);
  expect(stdout).toContain("--exit-with-parent");
});
