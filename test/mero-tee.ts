import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { execa } from "execa";
import { runCli } from "../packages/cli/src/app.ts";
import { createFileStore } from "../packages/cli/src/file-store.ts";
import { findCheckout } from "../packages/cli/src/node-checkout.ts";
import { ROOT } from "./markdown.ts";

/** What a run of the command came to. */
interface CliRun {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `mero-tee` on this machine's files, network and clock, in this process: a process for each run costs most of its time. */
export async function meroTee(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  world: Partial<Parameters<typeof runCli>[1]> = {},
): Promise<CliRun> {
  const written = { stdout: "", stderr: "" };
  const ports: Parameters<typeof runCli>[1] = {
    stdout: { isTTY: false, write: (text) => void (written.stdout += text) },
    stderr: { isTTY: false, write: (text) => void (written.stderr += text) },
    environment,
    files: createFileStore(Readable.from([])),
    fetch: globalThis.fetch,
    nowSeconds: () => Math.floor(Date.now() / 1000),
    progressAfterMs: 60_000,
    checkout: findCheckout(process.execPath),
    signFile: null,
    onInterrupt: () => () => undefined,
    ...world,
  };
  const exitCode = await runCli(args, ports, "0.0.0");
  return { exitCode, ...written };
}

/** `mero-tee dev`, after its boot. */
export interface DevStack {
  /** The ready event, as printed. */
  readonly ready: Readonly<Record<string, unknown>>;
  /** A member of the ready event that is text. */
  address(name: string): string;
  stop(): Promise<void>;
}

/** Starts `mero-tee dev` and waits until its node has booted. */
export async function startDevStack(): Promise<DevStack> {
  const main = `${ROOT}packages/cli/src/main.ts`;
  const child = execa(process.execPath, [main, "dev", "--json"], { cwd: ROOT, reject: false, buffer: false });
  const lines = createInterface({ input: child.stdout });
  const stop = async (): Promise<void> => {
    child.kill("SIGINT");
    await child;
  };
  let ready: Record<string, unknown> | null = null;
  for await (const line of lines) {
    const event: Record<string, unknown> = JSON.parse(line);
    if (event["event"] === "ready") ready = event;
    if (event["event"] !== "booted" || ready === null) continue;
    const found = ready;
    return { ready: found, stop, address: (name) => String(found[name]) };
  }
  await stop();
  throw new Error("mero-tee dev ended before its node had booted");
}
