import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseConfig } from "../config.ts";
import { createSystemService } from "../system-client.ts";
import { parseCommandLine, USAGE } from "./command-line.ts";
import { startServer } from "./server.ts";
import { loadSite } from "./site-store.ts";

const BUILT_SITE = fileURLToPath(new URL("../../../attestation-verifier-web/dist/site/", import.meta.url));
/** Requests end well before this; what is still open then is a connection that nobody reads. */
const SHUTDOWN_MS = 35_000;

function fail(line: string, exitCode: number): never {
  console.error(`verifier: ${line}`);
  process.exit(exitCode);
}

const command = parseCommandLine(process.argv.slice(2));
if (!command.ok) fail(`${command.error}\n\n${USAGE}`, 2);
const settings = command.value;
if (settings === null) {
  console.log(USAGE);
} else {
  const config = parseConfig(settings.isDevelopment ? process.env : { ...process.env, NODE_ENV: "production" });
  for (const { setting, message } of config.problems) console.error(`verifier: ${setting} ${message}`);
  const siteFolder = settings.siteFolder ?? BUILT_SITE;
  if (!existsSync(siteFolder)) fail(`no built page in ${siteFolder}; build it, or name one with --site`, 1);
  const extra = new Map<string, string>();
  if (settings.anchorsFile !== null) {
    extra.set("/sim/anchors.json", readFileSync(settings.anchorsFile, "utf8"));
    extra.set("/sim/examples.json", JSON.stringify({ examples: settings.examples }));
  }
  const service = createSystemService(config, (line) => console.error(JSON.stringify(line)));
  const server = await startServer(service, await loadSite(siteFolder, extra), settings.port).catch((error: unknown) =>
    fail(error instanceof Error ? error.message : String(error), 1),
  );
  console.log(`The verifier listens on ${server.url}`);
  const stop = async (): Promise<void> => {
    setTimeout(() => process.exit(1), SHUTDOWN_MS).unref();
    await server.stop();
    process.exit(0);
  };
  // One interrupt arrives more than once where programs in front pass it on; the limit above ends what does not end.
  let stopping: Promise<void> | null = null;
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => void (stopping ??= stop()));
}
