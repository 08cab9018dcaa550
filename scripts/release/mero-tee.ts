import { Readable } from "node:stream";
import { runCli } from "../../packages/cli/src/app.ts";
import { createFileStore } from "../../packages/cli/src/file-store.ts";
import { createHttpPort, type HttpPort } from "../../packages/cli/src/http-client.ts";
import { createKeylessSigner } from "../../packages/cli/src/keyless-signer-client.ts";
import { findCheckout } from "../../packages/cli/src/node-checkout.ts";
import type { SignFile } from "../../packages/release-artifacts/src/index.ts";

/** What a run of `mero-tee … --json` came to. */
export interface CommandOutcome {
  readonly exitCode: number;
  /** The one document on standard output; null where text was asked for. */
  readonly document: unknown;
  /** Standard output as it is. */
  readonly stdout: string;
  /** What was said to people beside it. */
  readonly stderr: string;
}

/** Runs `mero-tee` in this process, as pipelines and operators run it: same arguments, same documents, same exit codes. */
export type MeroTee = (args: readonly string[], form?: "json" | "text") => Promise<CommandOutcome>;

/** What the command finds around it; a rehearsal puts its own in place of the real ones. */
export interface CommandWorld {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly fetch: HttpPort;
  readonly signFile: SignFile | null;
}

/** The real world of a workflow job. */
export function realWorld(environment: Readonly<Record<string, string | undefined>>): CommandWorld {
  const fetch = createHttpPort();
  return { environment, fetch, signFile: createKeylessSigner(environment, fetch) };
}

/** Makes the runner of one world. */
export function createMeroTee({ environment, fetch, signFile }: CommandWorld): MeroTee {
  return async (args, form = "json") => {
    const written = { stdout: "", stderr: "" };
    const exitCode = await runCli(
      form === "json" ? [...args, "--json"] : args,
      {
        stdout: { isTTY: false, write: (text) => void (written.stdout += text) },
        stderr: { isTTY: false, write: (text) => void (written.stderr += text) },
        environment: { ...environment, NO_COLOR: "1" },
        files: createFileStore(Readable.from([])),
        fetch,
        nowSeconds: () => Math.floor(Date.now() / 1000),
        progressAfterMs: 60_000,
        checkout: findCheckout(process.execPath),
        signFile,
        onInterrupt: () => () => undefined,
      },
      "0.0.0",
    );
    const hasDocument = form === "json" && written.stdout !== "";
    const document: unknown = hasDocument ? JSON.parse(written.stdout) : null;
    return { exitCode, document, ...written };
  };
}

/** What stands at a path of a document; undefined where there is nothing. */
export function at(document: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (typeof value === "object" && value !== null ? new Map(Object.entries(value)).get(key) : undefined),
    document,
  );
}

/** The same, as text. */
export function textAt(document: unknown, ...path: readonly string[]): string {
  const value = at(document, ...path);
  return typeof value === "string" ? value : "";
}

/** The same, as a list. */
export function listAt(document: unknown, ...path: readonly string[]): readonly unknown[] {
  const value = at(document, ...path);
  return Array.isArray(value) ? value : [];
}
