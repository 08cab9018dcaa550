import { createServer, type Server as HttpServer, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { createServer as createTcpServer, type Server } from "node:net";
import { createTlsIssuer } from "@mero-tee/tee-simulator/server";
import { afterEach, describe, expect, test } from "vitest";
import type { Destination, ExchangeLimits } from "../../src/outbound/exchange.ts";
import { createExchange } from "../../src/outbound/exchange-client.ts";
import { dialTcp } from "../../src/outbound/socket-client.ts";

const open: (Server | HttpServer)[] = [];

afterEach(() => {
  for (const server of open.splice(0)) {
    server.close();
    if ("closeAllConnections" in server) server.closeAllConnections();
  }
});

async function start(server: Server | HttpServer): Promise<number> {
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** Generous, but for what a test is about. */
const LIMITS: ExchangeLimits = {
  connectMs: 5_000,
  tlsMs: 5_000,
  firstByteMs: 5_000,
  totalMs: 10_000,
  dripGraceMs: 5_000,
  dripBytesPerSecond: 1,
  maxBodyBytes: 1_000,
};

function destination(port: number, changes: Partial<Destination> = {}): Destination {
  return {
    origin: `http://127.0.0.1:${port}`,
    host: "127.0.0.1",
    port,
    isTls: false,
    addresses: ["127.0.0.1"],
    mayBeUnauthorized: false,
    ...changes,
  };
}

function ask(to: Destination, limits: Partial<ExchangeLimits> = {}, caPem?: string) {
  return createExchange({ dial: dialTcp, caPem })({
    destination: to,
    method: "POST",
    path: "/attest",
    headers: { "content-type": "application/json" },
    body: "{}",
    limits: { ...LIMITS, ...limits },
  });
}

async function behaving(answer: (response: ServerResponse) => void, limits: Partial<ExchangeLimits> = {}) {
  const port = await start(createServer((_request, response) => answer(response)));
  return await ask(destination(port), limits);
}

describe("one exchange", () => {
  test("reads an answer to its end, and says where it came from", async () => {
    const answered = await behaving((response) => void response.writeHead(200, { "x-one": "1" }).end("hello"));
    expect(answered).toMatchObject({ ok: true, value: { status: 200, remoteAddress: "127.0.0.1", tls: null } });
    expect(answered.ok && new TextDecoder().decode(answered.value.body)).toBe("hello");
    expect(answered.ok && answered.value.headers.get("x-one")).toBe("1");
  });

  test("follows no redirect: the place that it leads to sees no connection (row 26)", async () => {
    let connections = 0;
    const port = await start(createTcpServer(() => (connections += 1)));
    const answered = await behaving(
      (response) => void response.writeHead(302, { location: `http://127.0.0.1:${port}/` }).end(),
    );
    expect(answered).toMatchObject({ ok: true, value: { status: 302 } });
    expect(connections).toBe(0);
  });

  test("uses a connection once, and keeps none", async () => {
    let connections = 0;
    const server = createServer((_request, response) => void response.end("{}"));
    server.on("connection", () => (connections += 1));
    const port = await start(server);
    await ask(destination(port));
    await ask(destination(port));
    expect(connections).toBe(2);
  });

  test("goes on to the second address where the first refuses", async () => {
    const port = await start(createServer((_request, response) => void response.end("{}")));
    // The server listens on 127.0.0.1 alone.
    expect(await ask(destination(port, { addresses: ["127.0.0.2", "127.0.0.1"] }))).toMatchObject({ ok: true });
    expect(await ask(destination(port, { addresses: ["127.0.0.2"] }))).toEqual({
      ok: false,
      error: { code: "unreachable" },
    });
  });

  test.each([
    {
      name: "a length above the limit, before any of it is read (row 59)",
      answer: (response: ServerResponse) =>
        response.writeHead(200, { "content-length": String(5 * 2 ** 30) }).flushHeaders(),
      error: { code: "too-large" },
    },
    {
      name: "more than the limit without a length",
      answer: (response: ServerResponse) => void response.write("x".repeat(2_000)),
      error: { code: "too-large" },
    },
    {
      name: "a compressed body, whatever is in it (row 59)",
      answer: (response: ServerResponse) => void response.writeHead(200, { "content-encoding": "gzip" }).end("x"),
      error: { code: "encoded" },
    },
    {
      name: "headers above the limit",
      answer: (response: ServerResponse) => void response.writeHead(200, { "x-long": "x".repeat(20_000) }).end(),
      error: { code: "broken", reason: "UND_ERR_HEADERS_OVERFLOW" },
    },
    {
      name: "a connection that ends before the answer",
      answer: (response: ServerResponse) => void response.destroy(),
      error: { code: "broken", reason: "UND_ERR_SOCKET" },
    },
  ])("refuses $name", async ({ answer, error }) => {
    expect(await behaving(answer)).toEqual({ ok: false, error });
  });

  test("gives up on a body that comes a byte at a time (row 59)", async () => {
    const timers: NodeJS.Timeout[] = [];
    const drip = (response: ServerResponse): void => {
      response.writeHead(200);
      timers.push(setInterval(() => response.write("x"), 20));
    };
    const answered = await behaving(drip, { dripGraceMs: 100, dripBytesPerSecond: 100_000 });
    for (const timer of timers) clearInterval(timer);
    expect(answered).toEqual({ ok: false, error: { code: "timeout" } });
  });

  test.each([
    { name: "no first byte in its time", limits: { firstByteMs: 200 } },
    { name: "no end in its time", limits: { totalMs: 200 } },
  ])("gives up where there is $name", async ({ limits }) => {
    expect(await behaving(() => undefined, limits)).toEqual({ ok: false, error: { code: "timeout" } });
  });

  test("gives up on a body that never ends, although it is fast enough", async () => {
    const timers: NodeJS.Timeout[] = [];
    const answered = await behaving(
      (response) => timers.push(setInterval(() => response.write("x"), 20)) && undefined,
      {
        totalMs: 500,
        maxBodyBytes: 1_000_000,
      },
    );
    for (const timer of timers) clearInterval(timer);
    expect(answered).toEqual({ ok: false, error: { code: "timeout" } });
  });

  test("takes what is no HTTP for no answer", async () => {
    const port = await start(
      createTcpServer((socket) => void socket.on("error", () => undefined).end("220 mail ESMTP\r\n")),
    );
    expect(await ask(destination(port))).toMatchObject({ ok: false, error: { code: "broken" } });
  });
});

function kmsAt(port: number, changes: Partial<Destination> = {}): Destination {
  const host = "kms.phala.network";
  return destination(port, { origin: `https://${host}:${port}`, host, isTls: true, ...changes });
}

describe("one exchange over TLS", () => {
  const issuer = createTlsIssuer(new Uint8Array(32).fill(1));
  const now = Math.floor(Date.now() / 1000);
  const caPem = issuer.appCertificatePem(now);

  async function serve(name: string, options: { readonly maxVersion?: "TLSv1.1" | "TLSv1.3" } = {}): Promise<number> {
    const request = { subject: name, altNames: [name], serverAuth: true, clientAuth: false, notBefore: now - 60 };
    const issued = issuer.issue(request);
    if (!issued.ok) throw new Error(issued.error);
    const { key, certificate_chain: chain } = issued.value;
    const weak = options.maxVersion === "TLSv1.1" ? { minVersion: "TLSv1" as const, ciphers: "ALL:@SECLEVEL=0" } : {};
    return await start(
      createTlsServer(
        { key, cert: chain.join("\n"), ...options, ...weak },
        (_request, response) => void response.end("{}"),
      ),
    );
  }

  test("verifies the certificate for the name, and reports the session", async () => {
    const answered = await ask(kmsAt(await serve("kms.phala.network")), {}, caPem);
    expect(answered).toMatchObject({
      ok: true,
      value: {
        tls: { protocol: "TLSv1.3", isAuthorized: true, spkiSha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
      },
    });
  });

  test.each([
    { name: "another name", name_: "other.phala.network", trust: caPem },
    { name: "an authority that nobody knows", name_: "kms.phala.network", trust: undefined },
  ])("refuses a certificate of $name, and reports it where that may be", async ({ name_, trust }) => {
    const port = await serve(name_);
    expect(await ask(kmsAt(port), {}, trust)).toEqual({ ok: false, error: { code: "unauthorized" } });
    expect(await ask(kmsAt(port, { mayBeUnauthorized: true }), {}, trust)).toMatchObject({
      ok: true,
      value: { tls: { isAuthorized: false } },
    });
  });

  test("gives up on a server that does not answer the handshake", async () => {
    const port = await start(createTcpServer((socket) => void socket.on("error", () => undefined).resume()));
    expect(await ask(kmsAt(port), { tlsMs: 200 })).toEqual({ ok: false, error: { code: "timeout" } });
  });

  test("speaks no version of TLS before 1.2", async () => {
    const port = await serve("kms.phala.network", { maxVersion: "TLSv1.1" });
    expect(await ask(kmsAt(port), {}, caPem)).toEqual({ ok: false, error: { code: "unreachable" } });
  });
});
