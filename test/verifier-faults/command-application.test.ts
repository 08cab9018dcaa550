import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createHttpPort, type HttpPort } from "../../packages/cli/src/http-client.ts";
import { memoryFiles } from "../../packages/cli/test/memory-files.ts";
import { documentOf, runInWorld, type Outcome } from "../../packages/cli/test/run-cli.ts";
import { createSimulatedPlatform } from "../../packages/tee-simulator/src/index.ts";
import { type RunningSimulator, startSimulator } from "../../packages/tee-simulator/src/server/index.ts";

/** 2026-11-01T00:00:00Z. */
const NOW = 1_793_491_200;
const HASH = "0a".repeat(32);

interface Document {
  readonly verdict: string | null;
  readonly steps: readonly { readonly id: string; readonly status: string; readonly code?: string }[];
  readonly failure: { readonly code: string } | null;
}

let simulator: RunningSimulator;
const http = createHttpPort();

beforeAll(async () => {
  const platform = await createSimulatedPlatform({ seed: "verify-node", now: NOW });
  simulator = await startSimulator({ platform, now: () => NOW });
  simulator.installApplication("app-1", new Uint8Array(32).fill(10));
}, 120_000);

afterAll(async () => await simulator.close());

/** The simulator behind sockets; a release host that has nothing. */
const loopback: HttpPort = async (url, init) =>
  new URL(url).hostname === "127.0.0.1" ? await http(url, init) : new Response(null, { status: 404 });

async function run(files: ReturnType<typeof memoryFiles>, ...args: readonly string[]): Promise<Outcome> {
  return await runInWorld(["verify", ...args, "--pccs", simulator.url, "--json"], {
    files,
    fetch: loopback,
    now: "2026-11-01T00:00:00Z",
  });
}

function bindingOf(outcome: Outcome): { readonly status: string | undefined; readonly code: string | undefined } {
  const step = documentOf<Document>(outcome).steps.find(({ id }) => id === "fresh.binding");
  return { status: step?.status, code: step?.code };
}

describe("verify node, of a node that binds an application", () => {
  test.each([
    { name: "its hash passes", hash: ["--application-hash", HASH], status: "pass", code: undefined },
    { name: "its hash with a prefix passes", hash: ["--application-hash", `0x${HASH.toUpperCase()}`], status: "pass" },
    {
      name: "another hash fails",
      hash: ["--application-hash", `0b${HASH.slice(2)}`],
      status: "fail",
      code: "binding-mismatch",
    },
    { name: "without a hash nothing is judged", hash: [], status: "skip", code: "application-hash-missing" },
  ])("$name, and the evidence file says so again", async ({ hash, status, code }) => {
    const files = memoryFiles({});
    const asked = ["node", simulator.url, "--application-id", "app-1", ...hash, "--export", "evidence.json"];
    expect(bindingOf(await run(files, ...asked))).toEqual({ status, code });
    const kept = memoryFiles({ "evidence.json": files.written.get("evidence.json")?.text ?? "" });
    expect(bindingOf(await run(kept, "file", "evidence.json"))).toEqual({ status, code });
  });

  test("a node that was asked for none has zero there, whatever it has installed", async () => {
    expect(bindingOf(await run(memoryFiles({}), "node", simulator.url)).status).toBe("pass");
  });

  test("a hash of no application is refused, and nobody is asked", async () => {
    const outcome = await run(memoryFiles({}), "node", "http://127.0.0.1:9", "--application-hash", HASH);
    expect(outcome.exitCode).toBe(2);
    expect(documentOf<Document>(outcome)).toMatchObject({ verdict: null, failure: { code: "usage-invalid" } });
  });

  test.each([
    { name: "a short hash", args: ["--application-id", "a", "--application-hash", "0a"] },
    { name: "an id with a blank", args: ["--application-id", "a b"] },
  ])("$name is refused", async ({ args }) => {
    expect((await run(memoryFiles({}), "node", simulator.url, ...args)).exitCode).toBe(2);
  });
});
