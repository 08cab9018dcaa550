import { createSimulatedPlatform } from "@mero-tee/tee-simulator";
import { anchorsDocument, type RunningSimulator, startSimulator } from "@mero-tee/tee-simulator/server";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { type CourierServer, startCourier } from "./courier.ts";
import { type Program, startProgram } from "./program.ts";
import { builtSite, serveSite } from "./site.ts";

/** A simulated platform with a real KMS and a real verifier on it, and a courier in front whom a test may corrupt. */
export interface Stack {
  readonly simulator: RunningSimulator;
  readonly kmsUrl: string;
  readonly courier: CourierServer;
  stop(): Promise<void>;
}

const GENEROUS = Object.fromEntries(
  ["VERIFY", "TARGET", "ITA", "ITA_TOTAL", "COLLATERAL", "RELEASES"].map((name) => [`RATE_LIMIT_${name}`, "9999/s"]),
);

const now = (): number => Math.floor(Date.now() / 1000);

/** Starts all of it on loopback, for the page's build for a simulated platform. */
export async function startStack(): Promise<Stack> {
  const folder = await mkdtemp(join(tmpdir(), "mero-web-"));
  const file = (name: string): string => join(folder, name);
  const platform = await createSimulatedPlatform({ seed: "web stack", now: now() - 60 });
  const simulator = await startSimulator({ platform, now, dstackSocketPath: file("dstack.sock") });
  await writeFile(file("root.pem"), platform.rootCaPem);
  await writeFile(file("policy.json"), platform.policyDocumentFor("locked-read-only"));
  await writeFile(file("sigstore.json"), simulator.sigstore().trustedRoot);
  const running: Program[] = [];
  const kms = await startProgram(
    "apps/kms-phala/src/main.ts",
    [],
    {
      LISTEN_ADDR: "127.0.0.1:0",
      LOG_LEVEL: "info",
      DSTACK_SOCKET_PATH: file("dstack.sock"),
      SIMULATED_ROOT_CA_FILE: file("root.pem"),
      PCCS_URL: simulator.url,
      MERO_KMS_POLICY_FILE: file("policy.json"),
      MERO_KMS_PROFILE: "locked-read-only",
    },
    /"msg":"listening".*"address":"([^"]+)"|"address":"([^"]+)".*"msg":"listening"/,
  );
  running.push(kms);
  const site = await serveSite(await builtSite("sim"), ["--development"], {
    ...GENEROUS,
    ALLOW_PRIVATE_TARGETS: "1",
    KMS_ALLOWED_HOSTS: "127.0.0.1",
    NODE_ALLOWED_HOSTS: "127.0.0.1",
    COLLATERAL_URL: simulator.url,
    RELEASE_API_URL: simulator.url,
    RELEASE_DOWNLOAD_URL: simulator.url,
    ITA_API_KEY: "simulated",
    ITA_APPRAISAL_URL: `${simulator.url}/appraisal/v2/attest`,
    ITA_PORTAL_URL: simulator.url,
    SIMULATED_ROOT_CA_FILE: file("root.pem"),
    SIGSTORE_TRUSTED_ROOT_FILE: file("sigstore.json"),
  });
  running.push(site);
  const kmsUrl = `http://${kms.said}`;
  const courier = await startCourier(site.said, {
    "/sim/anchors.json": await anchorsDocument(simulator),
    "/sim/examples.json": JSON.stringify({
      examples: [
        { kind: "kms", url: kmsUrl },
        { kind: "node", url: simulator.url },
      ],
    }),
  });
  return {
    simulator,
    kmsUrl,
    courier,
    async stop() {
      await courier.stop();
      for (const program of running.toReversed()) await program.stop();
      await simulator.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
