import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { onTestFinished } from "vitest";

import { type RunningSimulator, type SimulatorOptions, startSimulator } from "../../src/server/index.ts";
import { createSimulatedPlatform } from "../../src/simulated-platform.ts";

/** The instant at which these tests take place: 2026-01-15T12:00:00Z. */
export const NOW = 1_768_478_400;

/** One platform for all tests of a file; its keys follow from the seed. */
export const platform = await createSimulatedPlatform({ seed: "server tests", now: NOW });

/** A directory that is gone after the test. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "tee-sim-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** A simulator without guest agent that is closed after the test and must not have thrown inside. */
export async function runSimulator(options: Partial<SimulatorOptions> = {}): Promise<RunningSimulator> {
  const simulator = await startSimulator({ platform, now: () => NOW, ...options });
  onTestFinished(async () => {
    await simulator.close();
    if (simulator.bugs.length > 0) throw new AggregateError(simulator.bugs, "a handler threw");
  });
  return simulator;
}

/** A simulator with a guest agent on a socket of its own. */
export async function runAgent(
  options: Partial<SimulatorOptions> = {},
): Promise<RunningSimulator & { agent: NonNullable<RunningSimulator["agent"]> }> {
  const dstackSocketPath = join(await temporaryDirectory(), "dstack.sock");
  const simulator = await runSimulator({ dstackSocketPath, ...options });
  if (simulator.agent === null) throw new Error("no agent was started");
  return { ...simulator, agent: simulator.agent };
}

/** Sends bytes over a Unix socket, closes the sending half, and gives back everything until the server closes. */
export function exchange(socketPath: string, request: string | Uint8Array): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket = connect({ path: socketPath }, () => socket.end(request));
    socket.setEncoding("latin1");
    socket.on("data", (chunk: string) => {
      answer += chunk;
    });
    socket.on("end", () => resolve(answer));
    socket.on("error", reject);
  });
}

/** An HTTP/1.1 request as text. */
export function httpRequest(method: string, target: string, body = "", contentType = "application/json"): string {
  return [
    `${method} ${target} HTTP/1.1`,
    "Host: localhost",
    ...(body === "" && contentType === "" ? [] : [`Content-Type: ${contentType}`]),
    `Content-Length: ${Buffer.byteLength(body)}`,
    "",
    body,
  ].join("\r\n");
}

/** The parts of an HTTP/1.1 answer. */
export function parseAnswer(text: string): { status: number; headers: Map<string, string>; body: string } {
  const [head = "", ...rest] = text.split("\r\n\r\n");
  const [statusLine = "", ...lines] = head.split("\r\n");
  return {
    status: Number(statusLine.split(" ")[1]),
    headers: new Map(lines.map((line) => [line.split(": ")[0]?.toLowerCase() ?? "", line.split(": ")[1] ?? ""])),
    body: rest.join("\r\n\r\n"),
  };
}

/** The JSON body of an answer, in the shape that the test expects of it. */
export async function bodyOf<Shape>(response: Response): Promise<Shape> {
  return JSON.parse(await response.text());
}
