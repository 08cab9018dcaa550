import { request, type RequestOptions } from "node:https";
import { connect, type TLSSocket } from "node:tls";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SecretBytes } from "@mero-tee/kms-protocol";
import { type DstackAgent, startDstackAgent } from "@mero-tee/tee-simulator/server";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createDstackAgent } from "../../src/dstack-client.ts";
import type { GuestAgent, TlsKey } from "../../src/guest-agent.ts";
import { startService, type RunningService } from "../../src/service.ts";
import { judgeTlsKey } from "../../src/tls/tls-credentials.ts";
import { createTlsKeeper, type TlsKeeper } from "../../src/tls/tls-keeper.ts";
import { NO_PIN } from "../config/environment.ts";
import { platform, startHarness } from "../harness.ts";
import { manualClock } from "../manual-clock.ts";

// Certificates are judged by real TLS clients, by the clock of this machine.
const NOW = Math.floor(Date.now() / 1000);
const DAY = 86_400;
const NAMES = ["kms.example", "kms-2.example"];

let folder: string;
let simulated: DstackAgent;
let agent: GuestAgent;
let issuedAt: number;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "kms-tls-"));
  issuedAt = NOW;
  simulated = await startDstackAgent({
    socketPath: join(folder, "dstack.sock"),
    guest: platform.bootGuest("locked-read-only"),
    now: () => issuedAt,
    onBug: (error) => {
      throw error;
    },
  });
  agent = createDstackAgent({ socketPath: simulated.socketPath });
});

afterEach(async () => {
  await simulated.close();
  await rm(folder, { recursive: true });
});

async function keeperOf(now: () => number = () => NOW, from: Pick<GuestAgent, "tlsKey"> = agent): Promise<TlsKeeper> {
  const keeper = await createTlsKeeper({ agent: from, names: NAMES, now });
  if (!keeper.ok) throw new Error(keeper.error);
  return keeper.value;
}

async function issue(names: readonly string[] = NAMES): Promise<TlsKey> {
  const issued = await agent.tlsKey(names);
  if (!issued.ok) throw new Error(issued.error.reason);
  return issued.value;
}

/** The certificate of the authority that signs for the simulated application. */
async function authority(): Promise<string> {
  return (await issue()).chainPem.at(-1) ?? "";
}

/** Serves the KMS over TLS; gives the port. */
async function serve(keeper: TlsKeeper): Promise<{ port: number; close: () => Promise<void> }> {
  const { app } = await startHarness({ deps: { tls: keeper } });
  await app.listen({ host: "127.0.0.1", port: 0 });
  const address = app.server.address();
  return { port: typeof address === "object" && address !== null ? address.port : 0, close: () => app.close() };
}

/** One `GET /health` over a connection of its own: the status, or why there is none (a code; of TLS its own words). */
async function health(options: RequestOptions): Promise<number | string> {
  return new Promise((resolve) => {
    const asked = request({ host: "127.0.0.1", path: "/health", agent: false, ...options }, (response) => {
      response.resume();
      response.on("end", () => resolve(response.statusCode ?? 0));
    });
    asked.on("error", (error: Error & { code?: string }) =>
      resolve(error.code === "EPROTO" ? error.message : (error.code ?? "")),
    );
    asked.end();
  });
}

/** An open connection that has finished its handshake. */
async function open(port: number, ca: string): Promise<TLSSocket> {
  const socket = connect({ host: "127.0.0.1", port, ca, servername: "kms.example" });
  await once(socket, "secureConnect");
  return socket;
}

async function ask(socket: TLSSocket): Promise<string> {
  socket.write("GET /health HTTP/1.1\r\nHost: kms.example\r\n\r\n");
  const [piece]: unknown[] = await once(socket, "data");
  return String(piece).split("\r\n", 1)[0] ?? "";
}

describe("a KMS that ends TLS itself", () => {
  test("is believed by a client that knows the application's authority, under each of its names", async () => {
    const ca = await authority();
    const server = await serve(await keeperOf());
    for (const servername of NAMES) expect(await health({ port: server.port, ca, servername })).toBe(200);
    const socket = await open(server.port, ca);
    expect(socket.getProtocol()).toBe("TLSv1.3");
    socket.destroy();
    await server.close();
  });

  test("is not believed under another name, nor by a client that knows other authorities", async () => {
    const ca = await authority();
    const server = await serve(await keeperOf());
    expect(await health({ port: server.port, ca, servername: "other.example" })).toBe("ERR_TLS_CERT_ALTNAME_INVALID");
    expect(await health({ port: server.port, servername: "kms.example" })).toBe("SELF_SIGNED_CERT_IN_CHAIN");
    await server.close();
  });

  test("speaks nothing older than TLS 1.3, and no plain HTTP", async () => {
    const ca = await authority();
    const server = await serve(await keeperOf());
    const old = { port: server.port, ca, servername: "kms.example", maxVersion: "TLSv1.2" } as const;
    expect(await health(old)).toContain("alert protocol version");
    await expect(fetch(`http://127.0.0.1:${server.port}/health`)).rejects.toThrow("fetch failed");
    await server.close();
  });

  test("answers what is in flight before it stops, and ends the rest", async () => {
    const gate = Promise.withResolvers<void>();
    const reached = Promise.withResolvers<void>();
    const slow: Partial<GuestAgent> = {
      async quote(reportData) {
        reached.resolve();
        await gate.promise;
        return agent.quote(reportData);
      },
    };
    const { app } = await startHarness({ deps: { tls: await keeperOf(), agent: { ...agent, ...slow } } });
    await app.listen({ host: "127.0.0.1", port: 0 });
    const address = app.server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const ca = await authority();
    const [idle, busy] = [await open(port, ca), await open(port, ca)];
    idle.on("error", () => undefined);
    const body = JSON.stringify({ nonceB64: Buffer.alloc(32).toString("base64") });
    busy.write(
      `POST /attest HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    await reached.promise;
    const idleEnds = once(idle, "close");
    const closed = app.close();
    await idleEnds;
    gate.resolve();
    const [piece]: unknown[] = await once(busy, "data");
    expect(String(piece)).toContain("HTTP/1.1 200 OK");
    busy.destroy();
    await closed;
  });
});

describe("a certificate", () => {
  test("is renewed after two thirds of its life, without a connection being dropped", async () => {
    let now = NOW - 300 * DAY;
    issuedAt = now;
    const keeper = await keeperOf(() => now);
    const server = await serve(keeper);
    const ca = await authority();
    const early = await open(server.port, ca);
    const first = early.getPeerCertificate().fingerprint256;
    const seen: string[] = [];
    const observer = {
      renewed: ({ sha256 }: { sha256: string }) => void seen.push(sha256),
      failed: (reason: string) => void seen.push(reason),
    };
    now += 243 * DAY;
    await keeper.renewIfDue(observer);
    expect(seen).toEqual([]);

    now = NOW;
    issuedAt = NOW;
    await keeper.renewIfDue(observer);
    expect(seen).toEqual([keeper.certificate.sha256]);
    const late = await open(server.port, ca);
    const second = late.getPeerCertificate().fingerprint256;
    expect(second).not.toBe(first);
    expect(second.replaceAll(":", "").toLowerCase()).toBe(keeper.certificate.sha256);
    expect(await ask(early)).toBe("HTTP/1.1 200 OK");
    expect(await ask(late)).toBe("HTTP/1.1 200 OK");
    for (const socket of [early, late]) socket.destroy();
    await server.close();
  });

  test("that cannot be renewed serves on, and the next try may succeed", async () => {
    let now = NOW - 300 * DAY;
    issuedAt = now;
    const keeper = await keeperOf(() => now);
    const server = await serve(keeper);
    const before = keeper.certificate.sha256;
    const seen: string[] = [];
    const observer = { renewed: () => void seen.push("renewed"), failed: (reason: string) => void seen.push(reason) };
    now = NOW;
    simulated.failNext("GetTlsKey", { kind: "error", message: "not now" });
    await keeper.renewIfDue(observer);
    expect(seen).toEqual([expect.stringContaining("not now")]);
    expect(keeper.certificate.sha256).toBe(before);
    expect(await health({ port: server.port, ca: await authority(), servername: "kms.example" })).toBe(200);
    issuedAt = NOW;
    await Promise.all([keeper.renewIfDue(observer), keeper.renewIfDue(observer)]);
    expect(seen).toEqual([expect.stringContaining("not now"), "renewed"]);
    await server.close();
  });

  test("that fits is accepted", async () => {
    expect(judgeTlsKey(await issue(), NAMES, NOW)).toMatchObject({ ok: true, value: { notBefore: NOW } });
  });

  test.each([
    {
      name: "with the key of another",
      change: async (key: TlsKey) => ({ ...key, keyPem: (await issue()).keyPem }),
      says: "the key is not that of the certificate",
    },
    {
      name: "with a key that is none",
      change: async (key: TlsKey) => ({ ...key, keyPem: new SecretBytes(new TextEncoder().encode("planted")) }),
      says: "the key is not that of the certificate",
    },
    {
      name: "under other names",
      change: () => issue(["kms.example"]),
      says: "the certificate does not carry the name kms-2.example",
    },
    {
      name: "that is none",
      change: async (key: TlsKey) => ({ ...key, chainPem: ["planted"] }),
      says: "the chain is not made of certificates",
    },
    {
      name: "above which another one's chain stands",
      change: async (key: TlsKey) => ({ ...key, chainPem: [key.chainPem[0] ?? "", key.chainPem[0] ?? ""] }),
      says: "the chain does not hang together",
    },
  ])("$name is refused", async ({ change, says }) => {
    expect(judgeTlsKey(await change(await issue()), NAMES, NOW)).toEqual({ ok: false, error: says });
  });

  test.each([
    { at: -1, says: "the certificate is not valid yet" },
    { at: 365 * DAY - 3_599, says: "the certificate has less than an hour to live" },
  ])("is refused $at seconds into its life, and not one second on the other side", async ({ at, says }) => {
    expect(judgeTlsKey(await issue(), NAMES, NOW + at)).toEqual({ ok: false, error: says });
    expect(judgeTlsKey(await issue(), NAMES, NOW + at + (at < 0 ? 1 : -1)).ok).toBe(true);
  });
});

describe("a service with TLS_MODE=dstack", () => {
  let service: RunningService | null = null;
  const logs: string[] = [];

  afterEach(async () => {
    await service?.stop();
    service = null;
    logs.length = 0;
  });

  async function start(env: Record<string, string> = {}): ReturnType<typeof startService> {
    const started = await startService({
      env: {
        LISTEN_ADDR: "127.0.0.1:0",
        LOG_LEVEL: "trace",
        DSTACK_SOCKET_PATH: simulated.socketPath,
        TLS_MODE: "dstack",
        TLS_SERVER_NAMES: NAMES.join(", "),
        ...env,
      },
      pinFile: NO_PIN,
      clock: manualClock(NOW),
      fetch: () => Promise.reject(new Error("no network")),
      fetchTrusting: () => () => Promise.reject(new Error("no network")),
      schedule: () => () => undefined,
      logStream: { write: (line) => void logs.push(line) },
    });
    if (started.ok) service = started.value;
    return started;
  }

  test("serves https, and logs the certificate and never its key", async () => {
    const keys: string[] = [];
    const spying: Pick<GuestAgent, "tlsKey"> = {
      async tlsKey(names) {
        const issued = await agent.tlsKey(names);
        if (issued.ok) keys.push(issued.value.keyPem.use((pem) => new TextDecoder().decode(pem)));
        return issued;
      },
    };
    const started = await start();
    if (!started.ok) throw new Error(started.error.lines.join());
    const { port } = started.value.address;
    expect(await health({ port, ca: await authority(), servername: "kms.example" })).toBe(200);
    const log = logs.join("");
    expect(log).toContain("TLS ends in this process");
    expect(log).toMatch(/"sha256":"[0-9a-f]{64}"/);
    expect(log).not.toContain("PRIVATE KEY");
    // What a keeper holds shows nothing of the key either.
    const keeper = await keeperOf(() => NOW, spying);
    const body = keys[0]?.split("\n")[1] ?? "";
    expect(body.length).toBeGreaterThan(40);
    expect(JSON.stringify(keeper) + log).not.toContain(body);
  });

  test("does not start without a certificate, and names the variable", async () => {
    simulated.failNext("GetTlsKey", { kind: "error", message: "no TLS here" });
    const started = await start();
    expect(started).toMatchObject({ ok: false, error: { exitCode: 1 } });
    expect(started.ok || started.error.lines.join()).toMatch(/^kms-phala: TLS_MODE: .*no TLS here/);
  });

  test("does not start with a certificate that does not fit", async () => {
    const key = (await issue()).keyPem.use((pem) => new TextDecoder().decode(pem));
    const body = { key, certificate_chain: (await issue()).chainPem };
    simulated.failNext("GetTlsKey", { kind: "answer", body });
    const started = await start();
    expect(started.ok || started.error.lines.join()).toContain("the key is not that of the certificate");
  });
});

test("a keeper makes one server: a second would not be kept fresh", async () => {
  const keeper = await keeperOf();
  const timeouts = { requestTimeout: 1, headersTimeout: 1, connectionsCheckingInterval: 1, connectionTimeout: 1 };
  keeper.createServer(timeouts, () => undefined).close();
  expect(() => keeper.createServer(timeouts, () => undefined)).toThrow("one server");
});
