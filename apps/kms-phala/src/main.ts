import { performance } from "node:perf_hooks";
import { BUILD } from "./config/build.ts";
import { IMAGE_PROFILE_FILE } from "./config/image-profile.ts";
import { readPinFile } from "./config/pin-file-store.ts";
import { diagnose } from "./diagnose/diagnose.ts";
import { diagnosisText } from "./diagnose/diagnosis-text.ts";
import { createFetchPort } from "./fetch-client.ts";
import { createLogBatch } from "./http/log-batch.ts";
import type { Schedule } from "./policy/policy-holder.ts";
import { EXIT_FAILURE, type RunningService, type StartFailure, startService } from "./service.ts";

// Requests end well before this; what is still open then is a connection that nobody reads.
const SHUTDOWN_MS = 35_000;

// Judged and refused, as with every command of the project.
const EXIT_REFUSED = 10;

function fail({ exitCode, lines }: StartFailure): never {
  for (const line of lines) console.error(line);
  process.exit(exitCode);
}

async function stop(service: RunningService): Promise<void> {
  setTimeout(() => process.exit(EXIT_FAILURE), SHUTDOWN_MS).unref();
  await service.stop();
}

if (process.argv[2] === "--version") {
  console.info(`mero-kms-phala ${BUILD.version}, commit ${BUILD.commit ?? "unknown"}`);
  process.exit(0);
}

const world = {
  env: process.env,
  pinFile: await readPinFile(IMAGE_PROFILE_FILE),
  clock: { wallMs: () => Date.now(), monotonicMs: () => performance.now() },
  fetch: createFetchPort(),
  fetchTrusting: createFetchPort,
};

if (process.argv[2] === "--doctor") {
  const diagnosis = await diagnose(world);
  const json = process.argv[3] === "--json";
  process.stdout.write(json ? `${JSON.stringify({ schemaVersion: 1, ...diagnosis })}\n` : diagnosisText(diagnosis));
  process.exit(diagnosis.healthy ? 0 : EXIT_REFUSED);
}

const schedule: Schedule = (work, delayMs) => {
  const timer = setTimeout(work, delayMs);
  return () => clearTimeout(timer);
};

const log = createLogBatch((text) => void process.stdout.write(text), schedule);
// Also after an exception that nobody caught; only what kills the process leaves no time for it.
process.once("exit", () => log.flush());
// Whoever reads the log may go away. Keys are released without it.
process.stdout.on("error", () => undefined);

const started = await startService({
  ...world,
  schedule,
  logStream: log,
});
if (!started.ok) fail(started.error);
const service = started.value;
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => void stop(service).then(() => process.exit(0)));
}
const failure = await service.failed;
await stop(service);
fail(failure);
