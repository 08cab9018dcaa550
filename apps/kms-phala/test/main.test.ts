import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BUILD } from "../src/config/build.ts";

const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "kms-main-"));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

interface Process {
  readonly child: ChildProcess;
  /** Resolves once the output holds a text; rejects when the process ends first. */
  until(text: string): Promise<string>;
  readonly exit: Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>;
}

function launch(env: Record<string, string>, args: readonly string[] = []): Process {
  const child = spawn(process.execPath, [MAIN, ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
  const output = { stdout: "", stderr: "" };
  const waiting: (() => void)[] = [];
  for (const name of ["stdout", "stderr"] as const) {
    child[name]?.setEncoding("utf8").on("data", (text: string) => {
      output[name] += text;
      for (const check of waiting) check();
    });
  }
  const exit = new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) => {
    child.on("close", (code) => resolve({ code, ...output }));
  });
  return {
    child,
    exit,
    until(text) {
      const { promise, resolve, reject } = Promise.withResolvers<string>();
      const check = (): void => {
        if (output.stdout.includes(text)) resolve(output.stdout);
      };
      waiting.push(check);
      check();
      void exit.then(({ stderr }) => reject(new Error(`the process ended: ${stderr}`)));
      return promise;
    },
  };
}

describe("the process", () => {
  test("prints every problem of its settings and exits with 78, before it listens", async () => {
    const { exit } = launch({ LISTEN_ADDR: "nonsense", MAX_PENDING_CHALLENGES: "0", REDIS_URL: "redis://:pw@h:x" });
    const { code, stdout, stderr } = await exit;
    expect(code).toBe(78);
    expect(stdout).toBe("");
    expect(
      stderr
        .trim()
        .split("\n")
        .map((line) => line.split(":", 2).join(":")),
    ).toEqual([
      "kms-phala: LISTEN_ADDR",
      "kms-phala: MAX_PENDING_CHALLENGES",
      "kms-phala: REDIS_URL",
      "kms-phala: more",
    ]);
    expect(stderr).not.toContain("pw");
  });

  test("says which build it is, and does nothing else", async () => {
    const { exit } = launch({ LISTEN_ADDR: "nonsense" }, ["--version"]);
    expect(await exit).toEqual({ code: 0, stdout: `mero-kms-phala ${BUILD.version}, commit unknown\n`, stderr: "" });
  });

  test.each(["SIGTERM", "SIGINT"] as const)("listens, and ends with 0 on %s", async (signal) => {
    const service = launch({ LISTEN_ADDR: "127.0.0.1:0", DSTACK_SOCKET_PATH: join(folder, "absent.sock") });
    const output = await service.until('"msg":"listening"');
    const address = /"address":"([^"]+)"/.exec(output)?.[1];
    const health = await fetch(`http://${address}/health`);
    expect(await health.json()).toEqual({ status: "alive", service: "mero-kms-phala" });
    service.child.kill(signal);
    expect(await service.exit).toMatchObject({ code: 0, stderr: "" });
  });

  test("writes its last lines before it ends, also when it must not run", async () => {
    const service = launch({
      LISTEN_ADDR: "127.0.0.1:0",
      DSTACK_SOCKET_PATH: join(folder, "absent.sock"),
      METRICS_PORT: "1",
      METRICS_HOST: "203.0.113.1",
    });
    const { code, stdout } = await service.exit;
    expect(code).toBe(1);
    expect(stdout).toContain("the socket of the guest agent is missing");
  });

  test("serves on when nobody reads its log any more", async () => {
    const service = launch({ LISTEN_ADDR: "127.0.0.1:0", DSTACK_SOCKET_PATH: join(folder, "absent.sock") });
    const address = /"address":"([^"]+)"/.exec(await service.until('"msg":"listening"'))?.[1];
    service.child.stdout?.destroy();
    // More than a pipe holds, in case the reader's end takes a while to be gone.
    for (let asked = 0; asked < 20; asked += 1) expect((await fetch(`http://${address}/health`)).status).toBe(200);
    service.child.kill("SIGTERM");
    expect(await service.exit).toMatchObject({ code: 0, stderr: "" });
  });
});
