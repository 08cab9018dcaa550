import type { CommandContext } from "@stricli/core";
import type { SignFile } from "@mero-tee/release-artifacts";

import type { Checkout } from "./checkout.ts";
import type { Environment } from "./environment.ts";
import type { ExitCode } from "./exit-code.ts";
import type { FileStore } from "./file-store.ts";
import type { HttpPort } from "./http-client.ts";
import type { ColourStream } from "./paint.ts";

/** Where text goes. */
interface OutputStream extends ColourStream {
  write(text: string): void;
}

/** The world as `main.ts` passes it in; tests pass their own. */
export interface Ports {
  /** Version of this command. */
  readonly version: string;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly environment: Environment;
  readonly files: FileStore;
  readonly fetch: HttpPort;
  /** The real time, in Unix seconds, rounded down. */
  readonly nowSeconds: () => number;
  /** Work that takes longer than this says so on standard error. */
  readonly progressAfterMs: number;
  /** The programs that only a checkout has, and how to start them; null in the built command. */
  readonly checkout: Checkout | null;
  /** Signs files as the workflow run that this process is; null where it is none that may sign. */
  readonly signFile: SignFile | null;
  /** Calls back once when the user interrupts (SIGINT, SIGTERM, SIGHUP); the answer stops listening. */
  readonly onInterrupt: (callback: () => void) => () => void;
}

/** What every command gets as `this`. */
export interface CliContext extends CommandContext {
  readonly ports: Ports;
  /** Sets the exit code of the process. */
  readonly finish: (exitCode: ExitCode) => void;
}
