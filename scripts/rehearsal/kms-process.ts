import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { supervise } from "../../packages/cli/src/dev/supervised-program.ts";
import { logLine, textMember } from "../../packages/cli/src/dev/log-line.ts";
import type { Profile } from "../../packages/policy/src/index.ts";
import { startSimulator } from "../../packages/tee-simulator/src/server/index.ts";
import { stopLane } from "../release/lane-stop.ts";
import { REPOSITORY, type RehearsalWorld } from "./world.ts";

/** A KMS that runs under a composition, on a simulated machine of its own. */
export interface RunningKms {
  readonly url: string;
  /** The simulated platform: quotes of nodes, collateral. */
  readonly simulatorUrl: string;
  readonly stop: () => Promise<void>;
}

/** What a KMS is deployed as. */
export interface KmsDeployment {
  readonly profile: Profile;
  readonly version: string;
  /** The app-compose document, as text: what the guest measures. */
  readonly appCompose: string;
  /** Pins the measurements of the node release. */
  readonly nodePolicySha256: string;
  /** The service, as it was built: one file. */
  readonly bundle: string;
}

const START_LIMIT_MS = 60_000;
const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** Starts the service with exactly this environment. */
function start(bundle: string, env: Readonly<Record<string, string>>): ChildProcess {
  const child = spawn(process.execPath, [bundle], { env, stdio: ["ignore", "pipe", "pipe"] });
  running.add(child);
  child.once("exit", () => running.delete(child));
  return child;
}

/**
 * Deploys a KMS: boots a guest with the composition, and starts the service in it with the settings of that composition. What a
 * rehearsal adds is where the world is: the release host, and the two roots that a KMS without a profile pin lets be replaced.
 */
export async function startKms(world: RehearsalWorld, deployment: KmsDeployment): Promise<RunningKms> {
  const { profile, version, appCompose, nodePolicySha256, bundle } = deployment;
  const directory = await mkdtemp(join(world.directory, "kms-"));
  const dstackSocketPath = join(directory, "dstack.sock");
  const simulator = await startSimulator({
    platform: world.platform,
    now: () => Math.floor(Date.now() / 1000),
    profile,
    dstackSocketPath,
    guest: world.platform.bootGuest(profile, appCompose),
  });
  const kms = supervise(
    "the KMS",
    start(bundle, {
      LISTEN_ADDR: "127.0.0.1:0",
      LOG_LEVEL: "info",
      DSTACK_SOCKET_PATH: dstackSocketPath,
      MERO_KMS_VERSION: version,
      MERO_KMS_PROFILE: profile,
      MERO_NODE_POLICY_SHA256: nodePolicySha256,
      MERO_TEE_REPOSITORY: REPOSITORY,
      MERO_TEE_RELEASES_URL: world.github.releasesUrl,
      SIGSTORE_TRUSTED_ROOT_FILE: world.trustedRootFile,
      SIMULATED_ROOT_CA_FILE: world.rootCaFile,
      PCCS_URL: simulator.url,
    }),
  );
  const stop = async (): Promise<void> => {
    await kms.stop();
    await simulator.close();
    await rm(directory, { recursive: true, force: true });
  };
  const address = await kms.lineThat(
    (line) => textMember(logLine(line, "msg", "listening"), "address"),
    START_LIMIT_MS,
  );
  if (!address.ok) {
    await stop();
    return stopLane("probe-unreachable", address.error.message);
  }
  return { url: `http://${address.value}`, simulatorUrl: simulator.url, stop };
}
