import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { execa, type ResultPromise } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freePort } from "../apps/kms-phala/test/e2e/redis-process.ts";
import { blocksOf, readPage, ROOT } from "./markdown.ts";

// Several processes on a shared machine.
const LIMIT_MS = 180_000;
const PAGE = "docs/runbooks/deploy-simulated.md";
const COMMAND = "npx --yes pnpm@10 --silent ";

let directory: string;
let ports: readonly [simulator: number, kms: number];
const OPTIONS = { cwd: ROOT, reject: false, env: { NO_COLOR: "1" }, stdin: "ignore" } as const;
type Running = ResultPromise<typeof OPTIONS>;
const running: Running[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "mero-tee-run-"));
  ports = [await freePort(), await freePort()];
});

afterAll(async () => {
  for (const child of running) {
    child.kill("SIGTERM");
    await child.catch(() => undefined);
  }
  await rm(directory, { recursive: true, force: true });
});

/** A command of the page with places of its own, and without the package manager, which would install first. */
function here(command: string): string {
  const node = `'${process.execPath}'`;
  return command
    .replaceAll(`${COMMAND}mero-tee`, `${node} packages/cli/src/main.ts`)
    .replaceAll(`${COMMAND}exec node`, node)
    .replaceAll("/tmp/mero-tee-dev", directory)
    .replaceAll(/(?<![\w/.])(?:kms\.env|node\.key)/g, (file) => join(directory, file))
    .replaceAll("8787", String(ports[0]))
    .replaceAll("8080", String(ports[1]));
}

function bash(command: string): Running {
  return execa("bash", ["-euo", "pipefail", "-c", here(command)], OPTIONS);
}

/** Starts what stays, and waits for the line by which it says that it is there. */
async function start(command: string, sign: RegExp): Promise<void> {
  // The last of its commands takes the shell's place, so that a signal reaches it.
  const child = bash(command.replace(/^(?=npx )(?![\s\S]*^npx )/m, "exec "));
  running.push(child);
  for await (const line of createInterface({ input: child.stdout })) if (sign.test(line)) return;
  throw new Error(`it ended: ${(await child).stderr}`);
}

describe("the runbook for the simulated platform", () => {
  const [platform = "", settings = "", kms = "", node = "", outside = ""] = blocksOf(
    readPage(PAGE).replaceAll(/^ {3}/gm, ""),
    "sh",
  );

  test(
    "works, command by command",
    async () => {
      await start(platform, /curl/);
      const looked = await bash(settings);
      expect(looked.stdout).toMatch(/^✓ Healthy {2}this machine, with 2 warnings/);
      expect(looked.stdout).toContain("warning configuration: simulated-root");
      expect(looked.stdout).toContain("warning policy: policy-unsigned");
      expect(looked.exitCode).toBe(0);

      await start(kms, /"listening"/);
      const first = await bash(node);
      expect([first.exitCode, first.stderr]).toEqual([0, expect.any(String)]);
      const fingerprint = /key fingerprint +(?<hex>[0-9a-f]{16})/;
      const again = await bash(node.split("\n").slice(1).join("\n"));
      expect(fingerprint.exec(again.stdout)?.[1]).toBe(fingerprint.exec(first.stdout)?.[1]);

      const seen = await bash(outside);
      expect(seen.stdout).toMatch(/^✓ Healthy/);
      expect(seen.exitCode).toBe(0);
    },
    LIMIT_MS,
  );
});
