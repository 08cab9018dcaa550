import { createServer, type Server } from "node:net";
import type { FetchPort } from "@mero-tee/tdx-quote/collateral";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";
import type { Config } from "../config.ts";
import { formatListenAddress, type ListenAddress } from "../config/listen-address.ts";
import { failed, fine, warning } from "./found.ts";
import type { Finding } from "./finding.ts";

/** Where the service would listen, and how it is told from others if something listens there already. */
interface Place {
  readonly setting: "LISTEN_ADDR" | "METRICS_PORT";
  readonly address: ListenAddress;
  readonly path: string;
  readonly sign: string;
}

const TIMEOUT_MS = 2_000;

/**
 * Whether the service could listen where its settings say. A doctor is asked beside a service that runs as well, so a port that a
 * KMS holds is in order.
 */
export async function portFindings({ listen, metrics, tls }: Config, fetch: FetchPort): Promise<readonly Finding[]> {
  const places: readonly Place[] = [
    { setting: "LISTEN_ADDR", address: listen, path: "/health", sign: '"service":"mero-kms-phala"' },
    ...(metrics === null
      ? []
      : [{ setting: "METRICS_PORT", address: metrics, path: "/metrics", sign: "mero_kms_" } as const]),
  ];
  // All are held until all were tried, as the service holds them: two settings may name one port.
  const held: Server[] = [];
  try {
    const findings: Finding[] = [];
    for (const place of places) {
      const taken = await take(place.address);
      if (taken.ok) held.push(taken.value);
      const where = `${formatListenAddress(place.address)} (${place.setting})`;
      findings.push(
        taken.ok
          ? fine("ports", `${where} is free.`)
          : taken.error !== "EADDRINUSE"
            ? failed("ports", "listen-address-unusable", `${where} cannot be listened at (${taken.error}).`)
            : await judgeTaken(place, where, tls.mode === "dstack" && place.setting === "LISTEN_ADDR", fetch),
      );
    }
    return findings;
  } finally {
    for (const server of held) server.close();
  }
}

/** Takes an address. Errors: what the system calls the reason. */
function take({ host, port }: ListenAddress): Promise<Result<Server, string>> {
  const { promise, resolve } = Promise.withResolvers<Result<Server, string>>();
  const server = createServer((socket) => socket.destroy());
  server.once("error", (error: NodeJS.ErrnoException) => resolve(err(error.code ?? "unknown")));
  server.listen({ host, port, exclusive: true }, () => resolve(ok(server)));
  return promise;
}

async function judgeTaken(place: Place, where: string, isTls: boolean, fetch: FetchPort): Promise<Finding> {
  // Its certificate is for other names than this address, and none is believed unverified.
  if (isTls) return warning("ports", "listen-address-taken", `${where} is taken, by this KMS if it runs already.`);
  if (await answersAs(place, fetch)) return fine("ports", `${where} is held by a KMS that runs.`);
  return failed("ports", "listen-address-taken", `${where} is taken by something else than a KMS.`);
}

async function answersAs({ address: { host, port }, path, sign }: Place, fetch: FetchPort): Promise<boolean> {
  const reachable = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
  const url = `http://${formatListenAddress({ host: reachable, port })}${path}`;
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  try {
    const answer = await fetch(url, { method: "GET", headers: {}, redirect: "manual", signal });
    const reader = answer.body?.getReader();
    const first = await reader?.read();
    await reader?.cancel();
    return answer.status === 200 && new TextDecoder().decode(first?.value).includes(sign);
  } catch {
    // Whatever listens there speaks no HTTP: it is no KMS.
    return false;
  }
}
