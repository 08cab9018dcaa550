import packageManifest from "../package.json" with { type: "json" };
import { runCli } from "./app.ts";
import { createFileStore } from "./file-store.ts";
import { createHttpPort } from "./http-client.ts";
import { createKeylessSigner } from "./keyless-signer-client.ts";
import { findCheckout } from "./node-checkout.ts";

const checkout = findCheckout(process.execPath);
process.once("exit", () => checkout?.cleanUp());

const interruptible = new Set<() => void>();
const interrupt = (): void => {
  for (const callback of interruptible) callback();
};

// A package manager passes on what a terminal has sent to both already: one key press arrives twice.
const SAME_INTERRUPT_MS = 500;

function onInterrupt(callback: () => void): () => void {
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  interruptible.add(callback);
  const stopListening = (): void => {
    interruptible.delete(callback);
    for (const signal of signals) process.off(signal, interrupted);
  };
  // Who interrupts again later does not want to wait for things to be tidied up.
  function interrupted(): void {
    callback();
    setTimeout(stopListening, SAME_INTERRUPT_MS).unref();
  }
  for (const signal of signals) process.on(signal, interrupted);
  return stopListening;
}

// A reader that closes early (`| head`) ends what would go on for ever, and changes no verdict.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  interrupt();
});

const fetch = createHttpPort();
process.exitCode = await runCli(
  process.argv.slice(2),
  {
    stdout: process.stdout,
    stderr: process.stderr,
    environment: process.env,
    files: createFileStore(process.stdin, onInterrupt),
    fetch,
    nowSeconds: () => Math.floor(Date.now() / 1000),
    progressAfterMs: 1000,
    checkout,
    signFile: createKeylessSigner(process.env, fetch),
    onInterrupt,
  },
  packageManifest.version,
);
