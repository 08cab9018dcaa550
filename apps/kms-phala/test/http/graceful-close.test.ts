import { connect, type Socket } from "node:net";
import Fastify, { type FastifyInstance } from "fastify";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { gracefulClose } from "../../src/http/graceful-close.ts";

let app: FastifyInstance;
let gate: PromiseWithResolvers<string>;
const clients: Socket[] = [];

async function start(requestTimeoutMs: number): Promise<void> {
  gate = Promise.withResolvers();
  app = Fastify();
  await app.register(gracefulClose, { requestTimeoutMs });
  app.get("/slow", () => gate.promise);
  app.post("/body", async () => "read");
  await app.listen({ host: "127.0.0.1", port: 0 });
}

/** Opens a connection that sends `bytes`; resolves when the server has accepted it. */
async function open(bytes: string): Promise<Socket> {
  const accepted = new Promise<Socket>((resolve) => {
    app.server.once("connection", resolve);
  });
  const address = app.server.address();
  const client = connect({
    port: typeof address === "object" && address !== null ? address.port : 0,
    host: "127.0.0.1",
  });
  client.on("error", () => undefined);
  if (bytes !== "") client.write(bytes);
  clients.push(client);
  await accepted;
  return client;
}

afterEach(() => {
  for (const client of clients.splice(0)) client.destroy();
});

describe("a service that stops", () => {
  beforeEach(async () => {
    await start(60_000);
  });

  test.each([
    { name: "says nothing", bytes: "" },
    { name: "stops in the middle of a header", bytes: "GET /slow HTTP/1.1\r\nHost: k" },
  ])("does not wait for a client that $name", async ({ bytes }) => {
    await open(bytes);
    await expect(app.close()).resolves.toBeUndefined();
  });

  test("waits for the answer in flight, beside a client that says nothing", async () => {
    const arrived = new Promise<unknown>((resolve) => {
      app.server.once("request", resolve);
    });
    const client = await open("GET /slow HTTP/1.1\r\nHost: k\r\n\r\n");
    await arrived;
    await open("");
    let received = "";
    client.on("data", (bytes: Buffer) => {
      received += bytes.toString();
    });
    const ended = new Promise<unknown>((resolve) => {
      client.once("close", resolve);
    });
    const closed = app.close();
    gate.resolve("done");
    await closed;
    await ended;
    expect(received).toMatch(/^HTTP\/1\.1 200 [^]*done$/);
  });
});

test("a request that nobody goes on to send is waited for as long as any, and no longer", async () => {
  await start(0);
  const arrived = new Promise<unknown>((resolve) => {
    app.server.once("request", resolve);
  });
  await open("POST /body HTTP/1.1\r\nHost: k\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{");
  await arrived;
  await expect(app.close()).resolves.toBeUndefined();
});
