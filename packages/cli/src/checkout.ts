import type { ChildProcess } from "node:child_process";

import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

import { cliFailure, type CliFailure } from "./cli-failure.ts";

/** A program of the checkout that runs as a process of its own. */
export type Program = "kms" | "simulator" | "trusted-root" | "verifier" | "verifier-page";

/** The programs beside this package, and how to start them. */
export interface Checkout {
  /** Starts a program with these arguments and exactly this environment; its standard output and error are pipes. */
  start(program: Program, args: readonly string[], environment: Readonly<Record<string, string>>): ChildProcess;
  /** A new private directory (0700) for sockets and files; its path is short enough for a Unix socket inside. */
  makeDirectory(): Promise<string>;
  removeDirectory(path: string): Promise<void>;
  /** Kills whatever still runs, at once. */
  killAll(): void;
  /** Kills whatever still runs and removes its directories, at once: the last act of a process that is about to end. */
  cleanUp(): void;
}

/** Finds the checkout. Error: `checkout-required`, for the built command has neither the simulator nor the apps in it. */
export function requireCheckout(checkout: Checkout | null): Result<Checkout, CliFailure> {
  if (checkout !== null) return ok(checkout);
  return err(
    cliFailure(
      "checkout-required",
      "This command starts programs of the repository, and only a checkout of the repository has them: run it there with `npx --yes pnpm@10 mero-tee …`.",
    ),
  );
}
