import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { nodeReportData } from "@mero-tee/kms-protocol";
import { createSimulatedPlatform, type SimulatedPlatform } from "@mero-tee/tee-simulator";
import { startSimulator } from "@mero-tee/tee-simulator/server";
import { type Peer, signRequest } from "../peers.ts";
import { type Child, startChild, type Surroundings } from "./child.ts";
import { startTcpProxy, type TcpProxy } from "./tcp-proxy.ts";

const KMS = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
const SIMULATOR = fileURLToPath(new URL("../../../../packages/tee-simulator/src/server/main.ts", import.meta.url));
const SOURCES: KmsProgram = { command: process.execPath, args: [KMS] };
const SEED = "kms-deployment";
// Below what a node waits, so that a test sees a request that would never be answered.
const CLIENT_TIMEOUT_MS = 20_000;

/** A process that can be ended and started again, and the network before it. */
export interface Part {
  readonly proxy: TcpProxy;
  readonly child: Child;
  /** Everything that every process of this part printed. */
  output(): string;
  kill(): Promise<void>;
  restart(): Promise<void>;
}

/** What came back from one request; nothing at all when the connection failed. */
export interface Answer {
  readonly status: number | null;
  readonly body: string;
  readonly retryAfter: string | null;
}

/** A conversation up to the last request, which is made but not sent. */
export interface Prepared {
  readonly nonce: Uint8Array;
  readonly body: Readonly<Record<string, string>>;
}

/** KMS processes on one simulated platform, with a guest agent of its own process. */
export interface Deployment {
  readonly platform: SimulatedPlatform;
  /** Path of the guest agent's socket, as the KMS sees it. */
  readonly agentSocket: string;
  readonly agent: Part;
  readonly replicas: readonly Part[];
  post(replica: Part, path: string, body: unknown): Promise<Answer>;
  /** Takes a challenge and makes the request that answers it; null where no challenge was given. */
  prepare(replica: Part, peer: Peer): Promise<Prepared | null>;
  /** The one key of a peer. */
  keyOf(peer: Pick<Peer, "peerId">): string;
  close(): Promise<void>;
}

/** What runs as the KMS. */
export interface KmsProgram extends Surroundings {
  readonly command: string;
  readonly args: readonly string[];
  /** The directory that it takes for its root; that of everybody when absent. */
  readonly root?: string;
}

export interface DeploymentOptions {
  readonly replicas: number;
  /** The sources when absent. */
  readonly kms?: KmsProgram;
  readonly env?: Readonly<Record<string, string>>;
  /** What one replica has of its own; `folder` is for its files. */
  readonly envOf?: (replica: number, folder: string) => Readonly<Record<string, string>>;
}

function now(): number {
  return Math.floor(Date.now() / 1000);
}

export async function startDeployment(options: DeploymentOptions): Promise<Deployment> {
  const { command, args: kmsArgs, root = "", ...surroundings } = options.kms ?? SOURCES;
  const folder = await mkdtemp(join(root === "" ? tmpdir() : root, "kms-deployment-"));
  const seen = (name: string): string => join(folder, name).slice(root.length);
  const platform = await createSimulatedPlatform({ seed: SEED, now: now() });
  const provisioning = await startSimulator({ platform, now });
  await writeFile(join(folder, "root.pem"), platform.rootCaPem);
  await writeFile(join(folder, "policy.json"), platform.policyDocumentFor("locked-read-only"));

  const innerSocket = join(folder, "agent.sock");
  const agent = await startPart(
    async () => {
      const args = [SIMULATOR, "--seed", SEED, "--dstack-socket", innerSocket];
      const child = startChild(process.execPath, args);
      await child.line(/"event":"ready"/);
      return { child, target: { path: innerSocket } };
    },
    join(folder, "dstack.sock"),
  );
  // The KMS may be another user.
  await chmod(folder, 0o755);
  await chmod(join(folder, "dstack.sock"), 0o777);
  const env = {
    LISTEN_ADDR: "127.0.0.1:0",
    LOG_LEVEL: "trace",
    DSTACK_SOCKET_PATH: seen("dstack.sock"),
    PCCS_URL: provisioning.url,
    SIMULATED_ROOT_CA_FILE: seen("root.pem"),
    MERO_KMS_POLICY_FILE: seen("policy.json"),
    ...options.env,
  };
  const replicas = await Promise.all(
    Array.from({ length: options.replicas }, (_, index) =>
      startPart(async () => {
        const own = { ...env, ...options.envOf?.(index, seen("")) };
        const child = startChild(command, kmsArgs, own, surroundings);
        const [, port] = await child.line(/"address":"127\.0\.0\.1:([0-9]+)"[^\n]*"msg":"listening"/);
        return { child, target: { host: "127.0.0.1", port: Number(port) } };
      }),
    ),
  );

  return {
    platform,
    agentSocket: seen("dstack.sock"),
    agent,
    replicas,
    post,
    async prepare(replica, peer) {
      const answer = await post(replica, "/challenge", { peerId: peer.peerId });
      if (answer.status !== 200) return null;
      const { challengeId, nonceB64 }: { challengeId: string; nonceB64: string } = JSON.parse(answer.body);
      const nonce = new Uint8Array(Buffer.from(nonceB64, "base64"));
      const { quote } = await platform.issueQuote({ reportData: nodeReportData(nonce, peer.peerId) });
      const body = {
        challengeId,
        quoteB64: Buffer.from(quote).toString("base64"),
        peerId: peer.peerId,
        peerPublicKeyB64: peer.publicKeyB64,
        signatureB64: signRequest(peer, challengeId, nonce, quote),
      };
      return { nonce, body };
    },
    keyOf: ({ peerId }) =>
      Buffer.from(platform.bootGuest("locked-read-only").keyFor(`merod/storage/locked-read-only/${peerId}`)).toString(
        "hex",
      ),
    async close() {
      for (const part of [...replicas, agent]) {
        await part.kill();
        await part.proxy.close();
      }
      await provisioning.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function post({ proxy }: Part, path: string, body: unknown): Promise<Answer> {
  try {
    const answer = await fetch(`http://127.0.0.1:${proxy.port}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(CLIENT_TIMEOUT_MS),
    });
    return { status: answer.status, body: await answer.text(), retryAfter: answer.headers.get("retry-after") };
  } catch {
    // Whatever ended the connection, there is no answer; which is what the caller looks at.
    return { status: null, body: "", retryAfter: null };
  }
}

async function startPart(
  launch: () => Promise<{ readonly child: Child; readonly target: Parameters<typeof startTcpProxy>[0] }>,
  listenPath?: string,
): Promise<Part> {
  const launched = await launch();
  const proxy = await startTcpProxy(launched.target, listenPath);
  const children = [launched.child];
  const current = (): Child => children.at(-1) ?? launched.child;
  return {
    proxy,
    get child() {
      return current();
    },
    output: () => children.map((child) => child.output()).join(""),
    kill: () => current().kill(),
    async restart() {
      const next = await launch();
      children.push(next.child);
      proxy.leadTo(next.target);
    },
  };
}
