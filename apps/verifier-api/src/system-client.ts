import { readFileSync } from "node:fs";
import { lookup } from "node:dns/promises";
import { setTimeout } from "node:timers/promises";
import { parseTrustedRoot, publicTrustedRoot, type TrustedRoot } from "@mero-tee/release-artifacts/sigstore";
import manifest from "../package.json" with { type: "json" };
import type { Config } from "./config.ts";
import type { LogLine, Router } from "./http/router.ts";
import { createMemoryRateLimiter, type RateLimiter } from "./limits/rate-limiter.ts";
import { createRedisRateLimiter } from "./limits/redis-rate-client.ts";
import { createExchange } from "./outbound/exchange-client.ts";
import { dialTcp } from "./outbound/socket-client.ts";
import { createService } from "./service.ts";

/** The version that this source tree is built as; `0.0.0` in a checkout between releases. */
const BUILT_AS_VERSION: string = manifest.version;

const REDIS_MS = 500;
/** A function of the deployment ends after 30 s. */
const UPSTREAM_MS = 10_000;
const DNS_MS = 2_000;

/**
 * Builds the service on the system's clock, resolver and sockets.
 *
 * @throws Error with a sentence if a file that the configuration names cannot be used
 */
export function createSystemService(config: Config, log: (line: LogLine) => void): Router {
  const { now: nowMs } = Date;
  return createService(config, {
    nowMs,
    resolve: resolveOnce,
    exchange: createExchange({ dial: dialTcp }),
    limiter: createLimiter(config.rateLimitUrl, createMemoryRateLimiter(nowMs)),
    sigstoreRoot: loadSigstoreRoot(config.sigstoreTrustedRootFile),
    ...(config.simulatedRootCaFile === null ? {} : { rootCa: loadRootCa(config.simulatedRootCaFile) }),
    log,
    version: BUILT_AS_VERSION,
    upstreamMs: UPSTREAM_MS,
    wait: (milliseconds) => setTimeout(milliseconds, undefined, { ref: false }),
  });
}

function createLimiter(url: string | null, own: RateLimiter): RateLimiter {
  if (url === null) return own;
  const trouble = "RATE_LIMIT_URL: the Redis does not answer; this instance counts by itself";
  return createRedisRateLimiter(url, own, REDIS_MS, () => console.error(trouble));
}

async function resolveOnce(name: string): Promise<readonly string[]> {
  const answers = lookup(name, { all: true, order: "verbatim" });
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = global.setTimeout(() => reject(new Error("the resolver took too long")), DNS_MS);
  try {
    return (await Promise.race([answers, late])).map(({ address }) => address);
  } finally {
    clearTimeout(timer);
    // Whichever lost the race is nobody's concern.
    answers.catch(() => undefined);
  }
}

function loadSigstoreRoot(file: string | null): TrustedRoot {
  if (file === null) return publicTrustedRoot();
  const root = parseTrustedRoot(readFileSync(file, "utf8"));
  if (!root.ok) throw new Error(`SIGSTORE_TRUSTED_ROOT_FILE: not a trusted root (${root.error.code})`);
  return root.value;
}

function loadRootCa(file: string): Uint8Array {
  const pem = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/.exec(
    readFileSync(file, "utf8"),
  );
  if (pem?.[1] === undefined) throw new Error("SIMULATED_ROOT_CA_FILE: not a PEM certificate");
  return new Uint8Array(Buffer.from(pem[1], "base64"));
}
