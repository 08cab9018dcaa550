import { parseArgs } from "node:util";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";
import { wholeNumber } from "../config/scalars.ts";

/** A simulated attester that runs beside this server. */
interface SimulatedExample {
  readonly kind: "kms" | "node";
  readonly url: string;
}

/** What the local server is started with. */
export interface LocalSettings {
  readonly port: number;
  /** The built site; null: the one beside this app. */
  readonly siteFolder: string | null;
  /** Takes the rules of production away: what the environment says of development counts. */
  readonly isDevelopment: boolean;
  /** A file with the trust anchors of a simulated world, served to the page's build for it; development alone. */
  readonly anchorsFile: string | null;
  /** What runs in that world, for the page to offer. */
  readonly examples: readonly SimulatedExample[];
}

const DEFAULT_PORT = "8790";

/** What `--help` prints. */
export const USAGE: string = `usage: pnpm verifier [--port N] [--site DIR]

Serves the public verifier, page and API, on http://127.0.0.1:N with the rules of production.

  --port N        port on 127.0.0.1, 0 picks a free one (default ${DEFAULT_PORT})
  --site DIR      the built page (default: the build of this checkout)
  --development   let the environment relax the rules of production
  --anchors FILE  trust anchors of a simulated world, for the page's build for it (with --development)
  --example KIND=URL
                  a kms or a node of that world, to be offered (with --development)

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
        anchors: { type: "string" },
        example: { type: "string", multiple: true, default: [] },
        development: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
    if (values.help) return ok(null);
    const port = wholeNumber(0, 65_535)(values.port);
    if (!port.ok) return err(`--port ${port.error}`);
    if ((values.anchors !== undefined || values.example.length > 0) && !values.development) {
      return err("--anchors and --example need --development");
    }
    const examples = values.example.map(parseExample).filter((example) => example !== null);
    if (examples.length < values.example.length) return err("--example must be kms=URL or node=URL");
    return ok({
      port: port.value,
      siteFolder: values.site ?? null,
      isDevelopment: values.development,
      anchorsFile: values.anchors ?? null,
      examples,
    });
  } catch (error) {
    // parseArgs throws for unknown flags; its first sentence names the flag.
    return err((error instanceof Error ? error.message : String(error)).split("\n", 1)[0] ?? "malformed flags");
  }
}

function parseExample(text: string): SimulatedExample | null {
  const { kind, url = "" } = /^(?<kind>kms|node)=(?<url>https?:\/\/.+)$/.exec(text)?.groups ?? {};
  return kind === "kms" || kind === "node" ? { kind, url } : null;
}
