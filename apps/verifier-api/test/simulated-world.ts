import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { parseTrustedRoot } from "@mero-tee/release-artifacts/sigstore";
import { toBase64 } from "@mero-tee/tdx-quote/base64";
import { createSimulatedPlatform, type SimulatedPlatform } from "@mero-tee/tee-simulator";
import { type RunningSimulator, startSimulator } from "@mero-tee/tee-simulator/server";
import type { Environment } from "../src/config/settings.ts";
import { createWorld, type ServiceWorld, type WorldOptions } from "./service-world.ts";

/** 2026-11-01T00:00:00Z. */
const NOW = 1_793_491_200;

/** The service with a simulated platform behind every address that it asks. */
export interface SimulatedWorld {
  readonly platform: SimulatedPlatform;
  readonly simulator: RunningSimulator;
  readonly clock: { ms: number };
  /** The service, with a memory of its own. */
  serve(options?: WorldOptions): ServiceWorld;
  /** A KMS on loopback, which answers as the test says. */
  kms(answer?: (request: KmsRequest) => Promise<unknown>): Promise<LoopbackServer>;
  close(): Promise<void>;
}

interface KmsRequest {
  readonly nonce: Uint8Array;
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers: IncomingMessage["headers"];
}

export interface LoopbackServer {
  readonly url: string;
  readonly port: number;
}

const servers: Server[] = [];

/** Starts a server on loopback. */
export async function listen(
  handle: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<LoopbackServer> {
  const server = createServer(handle);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return { url: `http://127.0.0.1:${port}`, port };
}

export async function startSimulatedWorld(): Promise<SimulatedWorld> {
  const platform = await createSimulatedPlatform({ seed: "verifier-api", now: NOW });
  const clock = { ms: NOW * 1000 };
  const simulator = await startSimulator({ platform, now: () => Math.floor(clock.ms / 1000) });
  const trustedRoot = parseTrustedRoot(simulator.sigstore().trustedRoot);
  if (!trustedRoot.ok) throw new Error(trustedRoot.error.code);
  return {
    platform,
    simulator,
    clock,
    serve: ({ env = {}, ...options } = {}) =>
      createWorld({
        env: { ...environmentOf(simulator.url), ...env },
        nowMs: () => clock.ms,
        rootCa: platform.rootCa,
        sigstoreRoot: trustedRoot.value,
        ...options,
      }),
    kms: (answer = (request) => kmsAnswer(platform, request.nonce)) =>
      listen((request, response) => {
        void (async () => {
          const body: Record<string, unknown> = JSON.parse(Buffer.concat(await Array.fromAsync(request)).toString());
          const nonce = Buffer.from(String(body["nonceB64"]), "base64");
          response.writeHead(200, { "content-type": "application/json" });
          response.end(JSON.stringify(await answer({ nonce, body, headers: request.headers })));
        })();
      }),
    async close() {
      for (const server of servers.splice(0)) {
        server.close();
        server.closeAllConnections();
      }
      await simulator.close();
    },
  };
}

/** What a KMS answers to `POST /attest` for a nonce and a binding. */
export async function kmsAnswer(platform: SimulatedPlatform, nonce: Uint8Array, binding = DEFAULT_BINDING) {
  const reportData = new Uint8Array([...nonce, ...binding]);
  const { quote, eventLog } = await platform.issueQuote({ reportData, role: "kms" });
  return {
    quoteB64: toBase64(quote),
    reportDataHex: Buffer.from(reportData).toString("hex"),
    eventLog: JSON.parse(eventLog),
    vmConfig: "{}",
  };
}

/** SHA-256 of `mero-kms-phala-attest-v1`. */
const DEFAULT_BINDING = Buffer.from(
  await crypto.subtle.digest("SHA-256", new TextEncoder().encode("mero-kms-phala-attest-v1")),
);

function environmentOf(url: string): Environment {
  return {
    ALLOW_PRIVATE_TARGETS: "1",
    KMS_ALLOWED_HOSTS: "127.0.0.1",
    NODE_ALLOWED_HOSTS: "127.0.0.1",
    COLLATERAL_URL: url,
    RELEASE_API_URL: url,
    RELEASE_DOWNLOAD_URL: url,
    ITA_API_KEY: "simulated-key",
    ITA_APPRAISAL_URL: `${url}/appraisal/v2/attest`,
    ITA_PORTAL_URL: url,
  };
}
