import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { connect, type DetailedPeerCertificate } from "node:tls";
import { execa } from "execa";
import { type Attributes, startMetadataServer } from "../../../test/node-image/metadata-server.ts";
import type { StandInTrust } from "./stand-in-node.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const KMS_PORT = 8443;
const SIMULATOR_PORT = 8787;
const METADATA_PORT = 80;
/** What a machine of Google Cloud calls its metadata server; here it is all that the machine reaches, and loopback of this process. */
const HOST_ADDRESS = "169.254.169.254";
const KMS_NAME = "kms.calimero.test";

/** The network of a machine: it reaches loopback of the network namespace that this runs in, under one address, and nothing else. */
export const HOST_NETWORK: readonly string[] = [
  "-nic",
  `user,model=virtio-net-pci,net=169.254.169.0/24,host=${HOST_ADDRESS},dns=169.254.169.253,dhcpstart=169.254.169.15`,
];
/** Address of the KMS as the machine is told. */
export const KMS_URL: string = `https://${KMS_NAME}:${KMS_PORT}`;

/** Metadata server, simulated platform and its KMS, as a machine's host has them. */
export interface SimulatedHost extends AsyncDisposable {
  readonly trust: StandInTrust;
  /** What the KMS logged so far, a line of JSON each. */
  readonly kmsLog: () => string;
}

/** A program of this repository that serves when a line says so. */
async function started(path: string, args: readonly string[], env: Readonly<Record<string, string>>, ready: string) {
  const child = execa(process.execPath, [join(ROOT, path), ...args], {
    env,
    extendEnv: false,
    reject: false,
    all: true,
    buffer: false,
  });
  let log = "";
  const isReady = Promise.withResolvers<null>();
  child.all.on("data", (chunk: Buffer) => {
    log += chunk.toString();
    if (log.includes(ready)) isReady.resolve(null);
  });
  void child.then(() => isReady.reject(new Error(`${path} ended:\n${log}`)));
  await isReady.promise;
  return {
    log: () => log,
    stop: async () => {
      child.kill();
      await child;
    },
  };
}

/** The certificate that ends the chain of a server, PEM. */
async function tlsAuthority(port: number): Promise<string> {
  const socket = connect({ host: "127.0.0.1", port, servername: KMS_NAME, rejectUnauthorized: false });
  await new Promise((resolve, reject) => void socket.once("secureConnect", resolve).once("error", reject));
  let certificate: DetailedPeerCertificate = socket.getPeerCertificate(true);
  while (certificate.issuerCertificate !== undefined && certificate.issuerCertificate !== certificate) {
    certificate = certificate.issuerCertificate;
  }
  socket.destroy();
  return `-----BEGIN CERTIFICATE-----\n${certificate.raw.toString("base64")}\n-----END CERTIFICATE-----\n`;
}

/** Starts what a machine's host has, on loopback of a network namespace of its own. */
export async function startSimulatedHost(folder: string, attributes: Attributes): Promise<SimulatedHost> {
  const at = (name: string): string => join(folder, name);
  const files = { root: at("root-ca.pem"), policy: at("policy.json"), socket: at("dstack.sock") };
  const simulator = await started(
    "packages/tee-simulator/src/server/main.ts",
    [
      `--port=${SIMULATOR_PORT}`,
      "--profile=debug",
      `--dstack-socket=${files.socket}`,
      `--root-ca-file=${files.root}`,
      `--policy-file=${files.policy}`,
    ],
    {},
    '"ready"',
  );
  const kms = await started(
    "apps/kms-phala/src/main.ts",
    [],
    {
      LISTEN_ADDR: `127.0.0.1:${KMS_PORT}`,
      LOG_LEVEL: "info",
      DSTACK_SOCKET_PATH: files.socket,
      SIMULATED_ROOT_CA_FILE: files.root,
      PCCS_URL: `http://127.0.0.1:${SIMULATOR_PORT}`,
      MERO_KMS_POLICY_FILE: files.policy,
      MERO_KMS_PROFILE: "debug",
      TLS_MODE: "dstack",
      TLS_SERVER_NAMES: KMS_NAME,
      REQUIRE_KEY_WRAP: "true",
    },
    '"listening"',
  );
  const metadata = await startMetadataServer(METADATA_PORT);
  metadata.give(attributes);
  const trust = {
    tlsAuthority: await tlsAuthority(KMS_PORT),
    rootCa: await readFile(files.root, "utf8"),
    policy: await readFile(files.policy, "utf8"),
    simulatorUrl: `http://${HOST_ADDRESS}:${SIMULATOR_PORT}`,
    host: { name: KMS_NAME, address: HOST_ADDRESS },
  };
  return {
    trust,
    kmsLog: kms.log,
    [Symbol.asyncDispose]: async () => {
      metadata.close();
      await kms.stop();
      await simulator.stop();
    },
  };
}
