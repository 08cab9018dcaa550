import { writeFile } from "node:fs/promises";

import { createSimulatedPlatform } from "../simulated-platform.ts";
import { parseCommandLine, type SimulatorSettings, USAGE } from "./command-line.ts";
import { anchorsDocument } from "./anchors-document.ts";
import { type RunningSimulator, startSimulator } from "./start-simulator.ts";

/** The clock of the process, Unix seconds; everything below takes it as an argument. */
function now(): number {
  return Math.floor(Date.now() / 1000);
}

/** Runs the simulator until it is told to stop; resolves with the exit code. */
async function run(settings: SimulatorSettings): Promise<number> {
  const stop = stopSignal(settings.exitWithParent);
  const platform = await createSimulatedPlatform({
    now: now(),
    ...(settings.seed === undefined ? {} : { seed: settings.seed }),
  });
  const simulator = await startSimulator({
    platform,
    now,
    port: settings.port,
    profile: settings.profile,
    ...(settings.dstackSocket === undefined ? {} : { dstackSocketPath: settings.dstackSocket }),
    onBug: (error) => console.error(error),
  });
  try {
    await writeFiles(settings, simulator);
    console.log(readyLine(settings, simulator));
    await stop;
  } finally {
    await simulator.close();
  }
  return 0;
}

/** Resolves once the process has to stop: by a signal, or with its parent. */
function stopSignal(exitWithParent: boolean): Promise<void> {
  return new Promise((resolve) => {
    process.once("SIGTERM", () => resolve());
    process.once("SIGINT", () => resolve());
    // A parent that was killed reads no more: without a listener the broken pipe would be an exception.
    process.stdout.on("error", () => resolve());
    if (!exitWithParent) return;
    if (process.channel === undefined) {
      process.stdin.once("end", () => resolve());
      process.stdin.once("close", () => resolve());
      process.stdin.once("error", () => resolve());
      process.stdin.resume();
    } else {
      process.once("disconnect", () => resolve());
    }
  });
}

async function writeFiles(settings: SimulatorSettings, simulator: RunningSimulator): Promise<void> {
  const { platform, profile, sigstore } = simulator;
  if (settings.sigstoreRootFile !== undefined) await writeFile(settings.sigstoreRootFile, sigstore().trustedRoot);
  if (settings.anchorsFile !== undefined) await writeFile(settings.anchorsFile, await anchorsDocument(simulator));
  const files: readonly (readonly [string | undefined, string])[] = [
    [settings.rootCaFile, platform.rootCaPem],
    [settings.policyFile, platform.policyDocumentFor(profile)],
  ];
  for (const [path, text] of files) {
    if (path === undefined) continue;
    await writeFile(path, text);
  }
}

function readyLine(settings: SimulatorSettings, simulator: RunningSimulator): string {
  return JSON.stringify({
    schemaVersion: 1,
    event: "ready",
    url: simulator.url,
    profile: simulator.profile,
    rootCaFile: settings.rootCaFile ?? null,
    policyFile: settings.policyFile ?? null,
    dstackSocket: settings.dstackSocket ?? null,
  });
}

const command = parseCommandLine(process.argv.slice(2), process.cwd());
if (!command.ok) {
  console.error(`tee-simulator: ${command.error}`);
  process.exitCode = 2;
} else if (command.value.kind === "help") {
  process.stdout.write(USAGE);
} else {
  const code = await run(command.value.settings).catch((error: unknown) => {
    console.error(`tee-simulator: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  });
  // Standard input may still be open; nothing is left to wait for.
  process.exit(code);
}
