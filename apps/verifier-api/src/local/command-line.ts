import { parseArgs } from "node:util";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";
import { wholeNumber } from "../config/scalars.ts";

/** What the local server is started with. */
export interface LocalSettings {
  readonly port: number;
  /** The built site; null: the one beside this app. */
  readonly siteFolder: string | null;
  /** Takes the rules of production away: what the environment says of development counts. */
  readonly isDevelopment: boolean;
  /** What a simulated platform says of itself, served under `/sim/`; development alone. */
  readonly simFolder: string | null;
}

const DEFAULT_PORT = "8790";

/** What `--help` prints. */
export const USAGE: string = `usage: pnpm verifier [--port N] [--site DIR]

Serves the public verifier, page and API, on http://127.0.0.1:N with the rules of production.

  --port N        port on 127.0.0.1, 0 picks a free one (default ${DEFAULT_PORT})
  --site DIR      the built page (default: the build of this checkout)
  --development   let the environment relax the rules of production
  --sim DIR       serve this folder under /sim/ (with --development)

Everything else is a variable of the environment: docs/verifier-api.md.
`;

/** Reads the flags; null asks for help. The error is one line. */
export function parseCommandLine(args: readonly string[]): Result<LocalSettings | null, string> {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        port: { type: "string", default: DEFAULT_PORT },
        site: { type: "string" },
        sim: { type: "string" },
        development: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
    if (values.help) return ok(null);
    const port = wholeNumber(0, 65_535)(values.port);
    if (!port.ok) return err(`--port ${port.error}`);
    if (values.sim !== undefined && !values.development) return err("--sim needs --development");
    return ok({
      port: port.value,
      siteFolder: values.site ?? null,
      isDevelopment: values.development,
      simFolder: values.sim ?? null,
    });
  } catch (error) {
    // parseArgs throws for unknown flags; its first sentence names the flag.
    return err((error instanceof Error ? error.message : String(error)).split("\n", 1)[0] ?? "malformed flags");
  }
}
