import { existsSync } from "node:fs";
import { rename, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";

import { expect, onTestFinished, test } from "vitest";

import { startSimulator } from "../../src/server/index.ts";
import { NOW, platform, runAgent, runSimulator, temporaryDirectory } from "./fixture.ts";

const options = { platform, now: () => NOW };

test("listens on loopback and picks a port of its own", async () => {
  const [first, second] = [await runSimulator(), await runSimulator()];
  expect(first.url).toBe(`http://127.0.0.1:${first.port}`);
  expect(first.port).not.toBe(second.port);
});

test("keeps the socket to its owner and removes it at the end", async () => {
  const dstackSocketPath = join(await temporaryDirectory(), "dstack.sock");
  const simulator = await startSimulator({ ...options, dstackSocketPath });
  expect((await stat(dstackSocketPath)).mode & 0o777).toBe(0o600);
  await simulator.close();
  expect(existsSync(dstackSocketPath)).toBe(false);
});

test("can be closed twice, and answers nobody afterwards", async () => {
  const simulator = await runSimulator();
  const hold = simulator.holdNext("/defects");
  const held = fetch(`${simulator.url}/defects`).then(
    () => "answered",
    () => "dropped",
  );
  await hold.reached;
  await simulator.close();
  await simulator.close();
  expect(await held).toBe("dropped");
  await expect(fetch(simulator.url)).rejects.toThrow("fetch failed");
});

test("refuses a port that is taken", async () => {
  const { port } = await runSimulator();
  await expect(startSimulator({ ...options, port })).rejects.toThrow("EADDRINUSE");
});

test("refuses a socket that another agent serves, and leaves that one alone", async () => {
  const { agent } = await runAgent();
  await expect(startSimulator({ ...options, dstackSocketPath: agent.socketPath })).rejects.toThrow("another process");
  expect(existsSync(agent.socketPath)).toBe(true);
});

test("takes over a socket that nobody serves any more", async () => {
  const path = join(await temporaryDirectory(), "stale.sock");
  await leaveStaleSocket(path);
  const simulator = await runSimulator({ dstackSocketPath: path });
  expect(simulator.agent?.socketPath).toBe(path);
});

test("refuses to replace a file that is no socket", async () => {
  const path = join(await temporaryDirectory(), "file");
  await writeFile(path, "precious");
  await expect(startSimulator({ ...options, dstackSocketPath: path })).rejects.toThrow("not a socket");
  expect(existsSync(path)).toBe(true);
});

test("refuses a socket path that does not fit into an address, before it is cut to another", async () => {
  const directory = await temporaryDirectory();
  const path = join(directory, "x".repeat(108 - directory.length));
  await expect(startSimulator({ ...options, dstackSocketPath: path })).rejects.toThrow("longer than 107 bytes");
});

test("leaves nothing open when the agent cannot start", async () => {
  const port = await freePort();
  const path = join(await temporaryDirectory(), "missing", "dstack.sock");
  await expect(startSimulator({ ...options, port, dstackSocketPath: path })).rejects.toThrow("ENOENT");
  expect((await runSimulator({ port })).port).toBe(port);
});

/** Leaves a socket file behind, as a process does that is killed: the name is moved away before the server removes it. */
async function leaveStaleSocket(path: string): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(`${path}.live`, resolve);
  });
  await rename(`${path}.live`, path);
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
}

function freePort(): Promise<number> {
  const server = createServer();
  onTestFinished(() => void server.close());
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}
