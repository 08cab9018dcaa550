import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createAgentCaller } from "../src/agent-socket-client.ts";

const MIB = 1024 * 1024;
const LIMIT = 64 * 1024;

let folder: string;
let socketPath: string;
let server: Server;
let requests: string[];
const sockets = new Set<Socket>();

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "kms-agent-"));
  socketPath = join(folder, "agent.sock");
  requests = [];
});

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true });
});

/** An agent that answers with exactly these bytes once it has seen a whole request. */
async function agentThat(answer: (socket: Socket) => void): Promise<void> {
  server = createServer((socket) => {
    sockets.add(socket);
    let seen = "";
    socket.on("error", () => undefined);
    socket.on("data", (piece) => {
      seen += piece.toString("latin1");
      const [head = "", body] = seen.split("\r\n\r\n");
      const length = Number(/content-length: (\d+)/i.exec(head)?.[1]);
      if (body === undefined || body.length < length) return;
      requests.push(seen);
      answer(socket);
    });
  });
  server.listen(socketPath);
  await once(server, "listening");
}

type Outcome = ReturnType<ReturnType<typeof createAgentCaller>>;

function call(change: { timeoutMs?: number } = {}): Outcome {
  const caller = createAgentCaller({ socketPath, timeoutMs: change.timeoutMs ?? 60_000 });
  return caller({ method: "GetKey", params: { path: "a" }, limitBytes: LIMIT, isRepeatable: true });
}

async function textOf(outcome: Outcome): Promise<string> {
  const answer = await outcome;
  return answer.ok ? answer.value.taken().toString() : answer.error.code;
}

/** Writes `total` bytes as fast as the other side takes them; resolves with how many it was offered. */
async function flood(socket: Socket, total: number, piece: Buffer): Promise<number> {
  let sent = 0;
  while (sent < total && !socket.destroyed) {
    sent += piece.length;
    if (socket.write(piece)) continue;
    await new Promise<void>((resolve) => {
      for (const event of ["drain", "close"]) socket.once(event, () => resolve());
    });
  }
  return sent;
}

describe("an answer", () => {
  test.each([
    { name: "with its length", answer: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}" },
    { name: "in chunks", answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n" },
    { name: "up to the end of the connection", answer: "HTTP/1.1 200 OK\r\n\r\n{}" },
  ])("is read $name", async ({ answer }) => {
    await agentThat((socket) => socket.end(answer));
    expect(await textOf(call())).toBe("{}");
  });

  test("with letters that take more than one byte does not keep the reader waiting", async () => {
    const body = '{"name":"schön"}';
    await agentThat((socket) =>
      socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`),
    );
    expect(await textOf(call())).toBe(body);
  });

  test("of just the limit is read, and of one byte more refused", async () => {
    let size = LIMIT;
    await agentThat((socket) => socket.end(`HTTP/1.1 200 OK\r\n\r\n${"x".repeat(size)}`));
    expect(await textOf(call())).toHaveLength(LIMIT);
    size += 1;
    expect(await call()).toEqual({
      ok: false,
      error: { code: "agent-answer-too-large", reason: "more than 65536 bytes" },
    });
  });

  test("that announces more than the limit is not waited for", async () => {
    await agentThat((socket) => socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${LIMIT + 1}\r\n\r\n`));
    expect(await textOf(call())).toBe("agent-answer-too-large");
  });

  test("is asked for as dstack's agent takes it", async () => {
    await agentThat((socket) => socket.end("HTTP/1.1 200 OK\r\n\r\n{}"));
    await call();
    expect(requests[0]).toMatch(/^POST \/GetKey HTTP\/1\.1\r\n/);
    expect(requests[0]).toMatch(/\r\ncontent-type: application\/json\r\n/i);
    expect(requests[0]).toMatch(/\r\n\r\n\{"path":"a"\}$/);
  });
});

describe("a flood of 512 MiB", () => {
  const TOTAL = 512 * MIB;

  test.each([
    { name: "without a length", head: "HTTP/1.1 200 OK\r\n\r\n", piece: Buffer.alloc(MIB, 0x20) },
    {
      name: "in chunks",
      head: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
      piece: Buffer.from(`10000\r\n${" ".repeat(0x10000)}\r\n`),
    },
    {
      name: "as a refusal",
      head: "HTTP/1.1 400 Bad Request\r\n\r\n",
      piece: Buffer.alloc(MIB, 0x20),
    },
  ])("$name ends at the limit: the agent gets rid of next to nothing", async ({ head, piece }) => {
    const sent = Promise.withResolvers<number>();
    await agentThat((socket) => {
      socket.write(head);
      flood(socket, TOTAL, piece).then(sent.resolve, sent.reject);
    });
    expect(await textOf(call())).toBe("agent-answer-too-large");
    // What was never read cannot be held: the limit, and what the kernel and one read had taken before.
    expect(await sent.promise).toBeLessThan(8 * MIB);
  });

  test.each([
    { name: "in its head", head: "HTTP/1.1 200 OK\r\n", piece: Buffer.from(`X-Y: ${"z".repeat(1_000)}\r\n`) },
    { name: "in one line", head: "HTTP/1.1 200 ", piece: Buffer.alloc(MIB, 0x20) },
    {
      name: "in the extensions of a chunk",
      head: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;",
      piece: Buffer.alloc(MIB, 0x61),
    },
  ])("$name ends as soon", async ({ head, piece }) => {
    const sent = Promise.withResolvers<number>();
    await agentThat((socket) => {
      socket.write(head);
      flood(socket, TOTAL, piece).then(sent.resolve, sent.reject);
    });
    expect(await textOf(call())).toBe("agent-unavailable");
    expect(await sent.promise).toBeLessThan(8 * MIB);
  });
});

describe("no answer", () => {
  test.each([
    { name: "a connection that closes at once", answer: "" },
    { name: "a body that is cut short", answer: "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{}" },
    {
      name: "chunks that are cut short",
      answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
    },
    { name: "another protocol", answer: "SSH-2.0-x\r\n" },
    {
      name: "a switch of protocols",
      answer: "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
    },
    { name: "an announcement of more to come", answer: "HTTP/1.1 103 Early Hints\r\n\r\n" },
  ])("is $name", async ({ answer }) => {
    await agentThat((socket) => socket.end(answer));
    expect(await textOf(call())).toBe("agent-unavailable");
  });

  test.each([
    { name: "silence", drip: "" },
    { name: "a body that never ends, a byte now and then", drip: "HTTP/1.1 200 OK\r\n\r\n{" },
    { name: "a head that never ends", drip: "HTTP/1.1 200 OK\r\nX: " },
  ])("is $name, and is given up in time", async ({ drip }) => {
    await agentThat((socket) => socket.write(drip));
    expect(await textOf(call({ timeoutMs: 50 }))).toBe("agent-timeout");
  });

  test("is a socket that is not there", async () => {
    await agentThat(() => undefined);
    const caller = createAgentCaller({ socketPath: join(folder, "absent.sock"), timeoutMs: 1_000 });
    const outcome = await caller({ method: "GetKey", params: {}, limitBytes: LIMIT, isRepeatable: true });
    expect(outcome).toEqual({ ok: false, error: { code: "agent-unavailable", reason: "ENOENT" } });
  });
});

describe("a refusal of the agent", () => {
  test.each([
    { name: "in its own words", body: '{"error":"no TDX here"}', reason: 'status 400: "no TDX here"' },
    { name: "with words that could steer a terminal", body: '{"error":"\\u001b[2J"}', reason: "\\u001b[2J" },
    { name: "without words", body: "", reason: "status 400" },
    { name: "of another shape", body: '["error"]', reason: "status 400" },
  ])("$name says so in the reason", async ({ body, reason }) => {
    await agentThat((socket) => socket.end(`HTTP/1.1 400 Bad Request\r\n\r\n${body}`));
    const outcome = await call();
    expect(outcome).toMatchObject({ ok: false, error: { code: "agent-unavailable" } });
    expect(outcome.ok || outcome.error.reason).toContain(reason);
    expect(outcome.ok || outcome.error.reason).not.toContain("\u001B");
  });

  test("of great length is cut", async () => {
    const body = JSON.stringify({ error: "x".repeat(60_000) });
    await agentThat((socket) => socket.end(`HTTP/1.1 500 No\r\n\r\n${body}`));
    const outcome = await call();
    expect(outcome.ok || outcome.error.reason.length).toBeLessThan(300);
  });
});

/** An agent that serves any number of calls on a connection, told apart by their paths, as `answer` says. */
async function agentOf(answer: (socket: Socket, path: string, turn: number) => void): Promise<() => number> {
  let connections = 0;
  server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    let turn = 0;
    let seen = "";
    socket.on("error", () => undefined);
    socket.on("data", (piece) => {
      seen += piece.toString("latin1");
      for (let body = /\{"path":"(\w+)"\}/.exec(seen); body !== null; body = /\{"path":"(\w+)"\}/.exec(seen)) {
        seen = seen.slice(body.index + body[0].length);
        requests.push(body[1] ?? "");
        answer(socket, body[1] ?? "", (turn += 1));
      }
    });
  });
  server.listen(socketPath);
  await once(server, "listening");
  return () => connections;
}
function write(socket: Socket, text: string): void {
  socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\n\r\n${text}`);
}

function callerOf(timeoutMs = 60_000) {
  const callOnce = createAgentCaller({ socketPath, timeoutMs });
  return (path: string, isRepeatable = true) =>
    textOf(callOnce({ method: "GetKey", params: { path }, limitBytes: LIMIT, isRepeatable }));
}

describe("a connection", () => {
  test("serves one call after the other, and as many at once as there are calls", async () => {
    const connections = await agentOf((socket, path) => write(socket, path));
    const ask = callerOf();
    for (const path of ["a", "b", "c"]) expect(await ask(path)).toBe(path);
    expect(connections()).toBe(1);
    expect(await Promise.all(["d", "e", "f"].map((path) => ask(path)))).toEqual(["d", "e", "f"]);
    expect(connections()).toBe(3);
  });

  test("of its own is what a call has that must not be made twice, and it is closed", async () => {
    const ended: string[] = [];
    const connections = await agentOf((socket, path) => {
      socket.once("end", () => ended.push(path));
      write(socket, path);
    });
    const ask = callerOf();
    expect(await ask("a")).toBe("a");
    expect(await ask("event", false)).toBe("event");
    expect(await ask("b")).toBe("b");
    expect(connections()).toBe(2);
    await expect.poll(() => ended).toEqual(["event"]);
  });

  test("that the agent closed meanwhile costs nothing but a new one", async () => {
    // Each connection answers once; what is asked on it a second time ends it.
    const connections = await agentOf((socket, path, turn) => (turn === 1 ? write(socket, path) : socket.destroy()));
    const ask = callerOf();
    expect(await ask("a")).toBe("a");
    expect(await ask("b")).toBe("b");
    expect(requests).toEqual(["a", "b", "b"]);
    expect(connections()).toBe(2);
  });

  test("is tried anew once: an agent that closes every one is unavailable", async () => {
    await agentOf((socket, path) => (path === "a" ? write(socket, path) : socket.destroy()));
    const ask = callerOf();
    expect(await ask("a")).toBe("a");
    expect(await ask("b")).toBe("agent-unavailable");
    expect(requests).toEqual(["a", "b", "b"]);
  });

  test("that breaks off in the middle of an answer is not asked again", async () => {
    await agentOf((socket, path) =>
      path === "a" ? write(socket, path) : socket.end("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nb"),
    );
    const ask = callerOf();
    expect(await ask("a")).toBe("a");
    expect(await ask("b")).toBe("agent-unavailable");
    expect(requests).toEqual(["a", "b"]);
  });

  test.each([
    { name: "in one piece with the answer", pause: false },
    { name: "after the answer", pause: true },
  ])("on which the agent sends a second answer, $name, gives it to no other call", async ({ pause }) => {
    const stray = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstray";
    const isSent = Promise.withResolvers<void>();
    await agentOf((socket, path) => {
      if (path !== "a") return write(socket, path);
      if (!pause) return socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na${stray}`);
      write(socket, path);
      return setImmediate(() => socket.write(stray, () => isSent.resolve()));
    });
    const ask = callerOf();
    expect(await ask("a")).toBe("a");
    if (pause) await isSent.promise;
    expect(await ask("b")).toBe("b");
    expect(await ask("c")).toBe("c");
  });

  test.each([
    { name: "came too late", path: "late", outcome: "agent-timeout" },
    { name: "was cut short", path: "cut", outcome: "agent-unavailable" },
    { name: "was too large", path: "large", outcome: "agent-answer-too-large" },
  ])("whose answer $name is not used again, nor is any that was idle", async ({ path, outcome }) => {
    const first = Promise.withResolvers<void>();
    const held: (() => void)[] = [];
    const connections = await agentOf((socket, asked) => {
      if (asked === "late") first.promise.then(() => write(socket, "late"), first.reject);
      else if (asked === "cut") socket.end("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nc");
      else if (asked === "large") write(socket, "x".repeat(LIMIT + 1));
      else held.push(() => write(socket, asked));
      if (held.length === 2) for (const answer of held.splice(0)) answer();
    });
    const ask = callerOf(path === "late" ? 300 : 60_000);
    // Two connections are left, since neither was answered before the other was made.
    expect(await Promise.all([ask("a"), ask("b")])).toEqual(["a", "b"]);
    expect(connections()).toBe(2);
    expect(await ask(path)).toBe(outcome);
    first.resolve();
    expect(await Promise.all([ask("c"), ask("d")])).toEqual(["c", "d"]);
    expect(connections()).toBe(4);
  });
});
