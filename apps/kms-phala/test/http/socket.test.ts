import { connect, createServer } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { helpLink } from "../../src/http/help-link.ts";
import { answerSocketError } from "../../src/http/socket-errors.ts";
import { type Harness, makePeer, startHarness } from "../harness.ts";

const LIMIT = 65_536;
const { peerId } = makePeer();
let harness: Harness;
let port: number;

beforeAll(async () => {
  harness = await startHarness();
  await harness.app.listen({ host: "127.0.0.1", port: 0 });
  const address = harness.app.server.address();
  port = typeof address === "object" && address !== null ? address.port : 0;
});

afterAll(async () => {
  await harness.app.close();
});

/** Sends bytes over a connection of their own and reads until the server closes it. */
function exchange(...parts: readonly (string | Buffer)[]): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = connect(port, "127.0.0.1");
  let received = "";
  socket.setEncoding("latin1");
  socket.on("data", (text: string) => {
    received += text;
  });
  socket.on("close", () => resolve(received));
  // The server may close while an over-long body is still on its way.
  socket.on("error", () => (received === "" ? reject(new Error("no answer")) : undefined));
  for (const part of parts) socket.write(part);
  return promise;
}

function head(...lines: readonly string[]): string {
  return [
    "POST /challenge HTTP/1.1",
    "Host: kms",
    "Content-Type: application/json",
    "Connection: close",
    ...lines,
    "",
    "",
  ].join("\r\n");
}

function paddedBody(bytes: number): string {
  const shortest = JSON.stringify({ peerId, pad: "" });
  return JSON.stringify({ peerId, pad: "x".repeat(bytes - shortest.length) });
}

function chunked(body: string): string {
  const middle = Math.floor(body.length / 2);
  const chunks = [body.slice(0, middle), body.slice(middle)];
  return `${chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join("")}0\r\n\r\n`;
}

describe("a chunked body", () => {
  test("of 65,536 bytes is read", async () => {
    const answer = await exchange(head("Transfer-Encoding: chunked"), chunked(paddedBody(LIMIT)));
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
  });

  test("of 65,537 bytes is 413, counted while it arrives", async () => {
    const answer = await exchange(head("Transfer-Encoding: chunked"), chunked(paddedBody(LIMIT + 1)));
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(answer).toContain('{"error":"payload_too_large"}');
  });

  test("without an end is refused once it is too long", async () => {
    const endless = `10000\r\n${"x".repeat(0x10000)}\r\n1\r\nx\r\n`;
    expect(await exchange(head("Transfer-Encoding: chunked"), endless)).toMatch(/^HTTP\/1\.1 413 /);
  });
});

describe("a body with a length", () => {
  test("that is announced over the limit is refused before it is sent", async () => {
    expect(await exchange(head(`Content-Length: ${LIMIT + 1}`))).toMatch(/^HTTP\/1\.1 413 /);
  });

  test("that is announced over the limit with another content type is 415", async () => {
    const answer = await exchange(
      `POST /challenge HTTP/1.1\r\nHost: kms\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: ${LIMIT + 1}\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 415 /);
  });

  test("of zero is no JSON", async () => {
    expect(await exchange(head("Content-Length: 0"))).toMatch(/^HTTP\/1\.1 400 /);
  });

  test("that is missing is no JSON", async () => {
    expect(await exchange(head())).toMatch(/^HTTP\/1\.1 400 /);
  });
});

describe("a request target", () => {
  test.each([
    { target: "/challenge", status: 200 },
    { target: "http://kms/challenge", status: 200 },
    { target: "HTTP://kms:8080/challenge?x", status: 200 },
    { target: "http://kms/%63hallenge", status: 404 },
    { target: "http://kms//challenge", status: 404 },
    { target: "http://kms", status: 404 },
    { target: "/challenge#x", status: 404 },
    { target: "*", status: 404 },
  ])("$target answers $status", async ({ target, status }) => {
    const body = JSON.stringify({ peerId });
    const request = head(`Content-Length: ${body.length}`).replace("POST /challenge ", `POST ${target} `);
    expect(await exchange(request, body)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  });
});

describe("what is not HTTP", () => {
  test.each([
    { name: "a made-up line", bytes: "hello\r\n\r\n", status: 400 },
    { name: "an unknown method", bytes: "FROB /challenge HTTP/1.1\r\nHost: kms\r\n\r\n", status: 400 },
    { name: "both framings", bytes: head("Content-Length: 2", "Transfer-Encoding: chunked"), status: 400 },
    { name: "headers without end", bytes: `GET /health HTTP/1.1\r\nX: ${"y".repeat(40_000)}`, status: 431 },
  ])("$name is $status, with an error body of the protocol", async ({ bytes, status }) => {
    const answer = await exchange(bytes);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(answer).toContain('{"error":"invalid_request"}');
    expect(answer.toLowerCase()).toContain("cache-control: no-store");
    expect(answer).toContain(`\r\nLink: ${helpLink("request-not-json")}\r\n`);
  });
});

test("a connection that was given up is closed on both sides, whatever its client goes on to send", async () => {
  const closed = Promise.withResolvers<void>();
  // Like the sockets of an HTTP server, these may be open on one side alone.
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.once("close", () => closed.resolve()).resume();
    answerSocketError(Object.assign(new Error("too slow"), { code: "ERR_HTTP_REQUEST_TIMEOUT" }), socket);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  const client = connect({
    port: typeof address === "object" && address !== null ? address.port : 0,
    host: "127.0.0.1",
    allowHalfOpen: true,
  });
  client.on("error", () => undefined).resume();
  await expect(closed.promise).resolves.toBeUndefined();
  client.destroy();
  server.close();
});
