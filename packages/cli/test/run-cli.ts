import type { SignFile } from "@mero-tee/release-artifacts";

import { runCli } from "../src/app.ts";
import type { Checkout } from "../src/checkout.ts";
import type { FileStore } from "../src/file-store.ts";
import type { HttpPort } from "../src/http-client.ts";
import { memoryFiles } from "./memory-files.ts";
import { readJson } from "./read-json.ts";

/** The world of one command under test; nothing in it reaches a network, a disk or a clock. */
export interface World {
  readonly files?: FileStore;
  readonly fetch?: HttpPort;
  /** RFC 3339; default 2025-06-25T00:00:00Z. */
  readonly now?: string;
  readonly isTerminal?: boolean;
  /** Default: never. */
  readonly progressAfterMs?: number;
  readonly environment?: Readonly<Record<string, string>>;
  readonly checkout?: Checkout | null;
  readonly signFile?: SignFile | null;
  readonly onInterrupt?: (callback: () => void) => () => void;
}

/** What a command left behind. */
export interface Outcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A network without anybody in it. */
export const NO_NETWORK: HttpPort = () =>
  Promise.reject(
    new TypeError("fetch failed", { cause: Object.assign(new Error("refused"), { code: "ECONNREFUSED" }) }),
  );

/** Runs one command line in a world. */
export async function runInWorld(args: readonly string[], world: World = {}): Promise<Outcome> {
  const written = { stdout: "", stderr: "" };
  const exitCode = await runCli(
    args,
    {
      stdout: { isTTY: world.isTerminal, write: (text) => void (written.stdout += text) },
      stderr: { isTTY: world.isTerminal, write: (text) => void (written.stderr += text) },
      environment: world.environment ?? {},
      files: world.files ?? memoryFiles({}),
      fetch: world.fetch ?? NO_NETWORK,
      nowSeconds: () => Date.parse(world.now ?? "2025-06-25T00:00:00Z") / 1000,
      progressAfterMs: world.progressAfterMs ?? 60_000,
      checkout: world.checkout ?? null,
      signFile: world.signFile ?? null,
      onInterrupt: world.onInterrupt ?? (() => () => undefined),
    },
    "1.2.3",
  );
  return { exitCode, ...written };
}

/** The one document of a command that was run with `--json`; anything else on standard output is a failure. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller names the shape that it checks
export function documentOf<T = Readonly<Record<string, unknown>>>(outcome: Outcome): T {
  return readJson<T>(outcome.stdout);
}
