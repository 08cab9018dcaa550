import { createFileStore } from "./file-store.ts";
import { createHttpPort } from "./http-client.ts";
import { findCheckout } from "./node-checkout.ts";
import { runCli } from "./app.ts";
import packageManifest from "../package.json" with { type: "json" };

// A reader that closes early (`| head`) is no failure of ours, and there is nobody left to tell.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
});

const checkout = findCheckout(process.execPath);
process.once("exit", () => checkout?.cleanUp());

process.exitCode = await runCli(
  process.argv.slice(2),
  {
    stdout: process.stdout,
    stderr: process.stderr,
    environment: process.env,
    files: createFileStore(process.stdin),
    fetch: createHttpPort(),
    nowSeconds: () => Math.floor(Date.now() / 1000),
    progressAfterMs: 1000,
    checkout,
    onInterrupt: (callback) => {
      const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
      for (const signal of signals) process.once(signal, callback);
      return () => {
        for (const signal of signals) process.off(signal, callback);
      };
    },
  },
  packageManifest.version,
);
