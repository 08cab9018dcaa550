import { join } from "node:path";

import type { Profile } from "@mero-tee/policy";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

import type { Checkout } from "../checkout.ts";
import { cliFailure, type CliFailure } from "../cli-failure.ts";
import type { Ports } from "../context.ts";
import { exchangeJson } from "../json-client.ts";
import { logLine, textMember } from "./log-line.ts";
import type { ReadyEvent } from "./narrator.ts";
import { START_LIMIT_MS, startSimulator } from "./simulator-process.ts";
import { buildVerifierPage, startVerifier } from "./verifier-process.ts";
import { supervise, type SupervisedProgram } from "./supervised-program.ts";

/** What the platform is started with; port 0 picks a free one. */
export interface StackSettings {
  readonly kmsPort: number;
  readonly simulatorPort: number;
  /** Null: no verifier is started. */
  readonly verifierPort: number | null;
  readonly profile: Profile;
  /** Where the KMS keeps spent challenges; in its memory where absent. */
  readonly redis?: string;
}

/** A simulated platform, a KMS and perhaps a verifier that run. */
export interface Stack {
  readonly ready: ReadyEvent;
  /** Settles only if one of them ends. */
  readonly failed: Promise<CliFailure>;
  /** Ends them and removes their files. Settles when they are gone. */
  stop(): Promise<void>;
}

/**
 * Starts the simulated platform, then the KMS on top of it, then the verifier of both, in a private directory of their own.
 *
 * Errors: `process-failed`, with the last lines of the program that failed. Nothing stays behind then.
 */
export async function startStack(
  ports: Ports,
  checkout: Checkout,
  settings: StackSettings,
): Promise<Result<Stack, CliFailure>> {
  const directory = await checkout.makeDirectory();
  const files = {
    rootCaFile: join(directory, "root-ca.pem"),
    dstackSocket: join(directory, "dstack.sock"),
    policyFile: join(directory, `policy.${settings.profile}.json`),
  };
  const verifierFiles = {
    sigstoreRootFile: join(directory, "sigstore-root.json"),
    anchorsFile: join(directory, "anchors.json"),
  };
  const running: Pick<SupervisedProgram, "ended" | "stop">[] = [];
  const stop = async (): Promise<void> => {
    // The KMS first: it is the one that talks to the other.
    for (const program of running.toReversed()) await program.stop();
    await checkout.removeDirectory(directory);
  };

  const { verifierPort } = settings;
  // Beside everything else: a first build takes longer than all the rest.
  const page = verifierPort === null ? null : buildVerifierPage(checkout);
  const simulator = await startSimulator(checkout, {
    port: settings.simulatorPort,
    profile: settings.profile,
    ...files,
    ...(verifierPort === null ? {} : verifierFiles),
  });
  if (!simulator.ok) return await afterwards(stop, simulator.error);
  running.push(simulator.value);
  const simulatorUrl = simulator.value.url;

  const kms = supervise("the KMS", checkout.start("kms", [], kmsEnvironment(settings, files, simulatorUrl)));
  running.push(kms);
  // The KMS logs JSON; this line comes when it serves, with the address that it got.
  const address = await kms.lineThat(
    (line) => textMember(logLine(line, "msg", "listening"), "address"),
    START_LIMIT_MS,
  );
  if (!address.ok) return await afterwards(stop, address.error);
  const kmsUrl = `http://${address.value}`;
  const health = await exchangeJson(ports.fetch, { url: `${kmsUrl}/health` });
  if (!health.ok || health.value.status !== 200) {
    return await afterwards(stop, cliFailure("process-failed", "The KMS listens, and does not answer /health."));
  }
  let verifierUrl: string | null = null;
  if (verifierPort !== null && page !== null) {
    const folder = await page;
    if (!folder.ok) return await afterwards(stop, folder.error);
    const { rootCaFile } = files;
    const verifier = await startVerifier(checkout, {
      port: verifierPort,
      siteFolder: folder.value,
      rootCaFile,
      kmsUrl,
      simulatorUrl,
      ...verifierFiles,
    });
    if (!verifier.ok) return await afterwards(stop, verifier.error);
    running.push(verifier.value);
    verifierUrl = verifier.value.url;
  }
  return ok({
    ready: { kmsUrl, verifierUrl, simulatorUrl, ...files },
    failed: Promise.race(running.map((program) => program.ended)),
    stop,
  });
}

/** Exactly these variables: what the developer's own shell happens to say must not change what is shown. */
function kmsEnvironment(
  settings: StackSettings,
  files: Pick<ReadyEvent, "rootCaFile" | "dstackSocket" | "policyFile">,
  simulatorUrl: string,
): Record<string, string> {
  return {
    LISTEN_ADDR: `127.0.0.1:${settings.kmsPort}`,
    LOG_LEVEL: "info",
    DSTACK_SOCKET_PATH: files.dstackSocket,
    SIMULATED_ROOT_CA_FILE: files.rootCaFile,
    PCCS_URL: simulatorUrl,
    MERO_KMS_POLICY_FILE: files.policyFile,
    MERO_KMS_PROFILE: settings.profile,
    ...(settings.redis === undefined ? {} : { REDIS_URL: settings.redis }),
  };
}

async function afterwards(tidy: () => Promise<void>, failure: CliFailure): Promise<Result<never, CliFailure>> {
  await tidy();
  return err(failure);
}
