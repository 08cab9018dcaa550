import type { Socket } from "node:net";
import { connect } from "node:net";
import { setTimeout } from "node:timers/promises";
import { publicTrustedRoot, type TrustedRoot } from "@mero-tee/release-artifacts/sigstore";
import { parseConfig } from "../src/config.ts";
import type { Environment } from "../src/config/settings.ts";
import type { LogLine, Router } from "../src/http/router.ts";
import { createMemoryRateLimiter, type RateLimiter } from "../src/limits/rate-limiter.ts";
import { createExchange } from "../src/outbound/exchange-client.ts";
import type { Dial } from "../src/outbound/socket-client.ts";
import { createService } from "../src/service.ts";

/** The service with a network of its own: names and addresses lead where the test says, and nowhere else. */
export interface ServiceWorld {
  readonly service: Router;
  /** Every `address:port` that was dialled. */
  readonly dialled: string[];
  /** Every name that was looked up. */
  readonly lookups: string[];
  readonly log: LogLine[];
  readonly post: (path: string, body: unknown, headers?: Record<string, string>) => Promise<Response>;
  readonly get: (path: string, headers?: Record<string, string>) => Promise<Response>;
}

export interface WorldOptions {
  readonly env?: Environment;
  /** Answers of DNS by name; several lists are given one after the other. Names without any resolve to one public address. */
  readonly names?: Readonly<Record<string, readonly (readonly string[])[]>>;
  /** Which port on loopback stands behind an address, whatever the port asked for; other addresses refuse connections. */
  readonly hosts?: Readonly<Record<string, number>>;
  /** What a socket says of its other end; by default the address that was dialled. */
  readonly remoteAddress?: (address: string) => string;
  readonly caPem?: string;
  readonly upstreamMs?: number;
  /** Connections are never made, and nobody gives up on them. */
  readonly hangs?: boolean;
  readonly nowMs?: () => number;
  readonly limiter?: RateLimiter;
  readonly sigstoreRoot?: TrustedRoot;
  readonly rootCa?: Uint8Array;
}

/** An address of the public Internet that no test ever connects to. */
const PUBLIC_ADDRESS = "34.65.123.45";

/** Limits that no test reaches by accident. */
const GENEROUS: Environment = Object.fromEntries(
  ["VERIFY", "TARGET", "ITA", "ITA_TOTAL", "COLLATERAL", "RELEASES"].map((name) => [`RATE_LIMIT_${name}`, "9999/s"]),
);

export function createWorld(options: WorldOptions = {}): ServiceWorld {
  const { names = {}, hosts = {}, remoteAddress = (address: string) => address, nowMs = () => Date.now() } = options;
  const dialled: string[] = [];
  const lookups: string[] = [];
  const log: LogLine[] = [];
  const dial: Dial = async (address, port) => {
    dialled.push(`${address}:${port}`);
    if (options.hangs === true) await new Promise(() => undefined);
    const behind = hosts[address] ?? (address === "127.0.0.1" ? port : undefined);
    if (behind === undefined) throw new Error("refused");
    return { socket: await connectLoopback(behind), remoteAddress: remoteAddress(address) };
  };
  const service = createService(parseConfig({ ...GENEROUS, ...options.env }), {
    nowMs,
    resolve: async (name) => {
      lookups.push(name);
      const answers = names[name] ?? [[PUBLIC_ADDRESS]];
      return answers[Math.min(lookups.filter((known) => known === name).length, answers.length) - 1] ?? [];
    },
    exchange: createExchange({ dial, caPem: options.caPem }),
    limiter: options.limiter ?? createMemoryRateLimiter(nowMs),
    sigstoreRoot: options.sigstoreRoot ?? publicTrustedRoot(),
    ...(options.rootCa === undefined ? {} : { rootCa: options.rootCa }),
    log: (line) => void log.push(line),
    version: "0.0.0",
    upstreamMs: options.upstreamMs ?? 10_000,
    wait: (milliseconds) => setTimeout(milliseconds, undefined, { ref: false }),
  });
  const ask = (path: string, init: RequestInit): Promise<Response> =>
    service.answer(new Request(`https://verifier.calimero.network${path}`, init), "198.41.0.4");
  return {
    service,
    dialled,
    lookups,
    log,
    post: (path, body, headers = {}) =>
      ask(path, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: typeof body === "string" ? body : JSON.stringify(body),
      }),
    get: (path, headers = {}) => ask(path, { headers }),
  };
}

function connectLoopback(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.once("error", reject);
    socket.once("connect", () => resolve(socket));
  });
}
