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

  test.each([
    { name: "its hash passes", hash: ["--application-hash", HASH], status: "pass", code: undefined },
    {
      name: "another hash fails",
      hash: ["--application-hash", `0b${HASH.slice(2)}`],
      status: "fail",
      code: "binding-mismatch",
    },
    { name: "without a hash it was asked for none, and fails", hash: [], status: "fail", code: "binding-mismatch" },
  ])("in a file: $name", async ({ hash, status, code }) => {
    const answer = await fetch(`${simulator.url}/admin-api/tee/attest`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ nonce: "07".repeat(32), applicationId: "app-1" }),
    });
    const files = memoryFiles({ "answer.json": await answer.text() });
    expect(bindingOf(await run(files, "file", "answer.json", "--kind", "node", ...hash))).toEqual({ status, code });
  });

  test.each([
    { name: "passes with the binding that it was asked for", fill: 9, status: "pass", code: undefined },
    { name: "fails with another one", fill: 8, status: "fail", code: "binding-mismatch" },
  ])("in a file: a KMS $name", async ({ fill, status, code }) => {
    const reportData = new Uint8Array([...new Uint8Array(32).fill(7), ...new Uint8Array(32).fill(9)]);
    const { quote } = await simulator.platform.issueQuote({ reportData, role: "kms" });
    const files = memoryFiles({ "answer.json": JSON.stringify({ quoteB64: Buffer.from(quote).toString("base64") }) });
    const asked = ["--kind", "kms", "--binding", Buffer.alloc(32, fill).toString("base64")];
    expect(bindingOf(await run(files, "file", "answer.json", ...asked))).toEqual({ status, code });
  });

  test("the reader's hash takes the place of the one that an evidence file names", async () => {
    const files = memoryFiles({});
    const asked = ["node", simulator.url, "--application-id", "app-1", "--application-hash", HASH];
    await run(files, ...asked, "--export", "evidence.json");
    const kept = memoryFiles({ "evidence.json": files.written.get("evidence.json")?.text ?? "" });
    const other = ["--kind", "node", "--application-hash", "00".repeat(32)];
    expect(bindingOf(await run(kept, "file", "evidence.json", ...other)).code).toBe("binding-mismatch");
  });

  test.each([
    { name: "a hash for a KMS", args: ["--kind", "kms", "--application-hash", HASH] },
    { name: "a hash for nobody knows what", args: ["--application-hash", HASH] },
    { name: "a binding for a node", args: ["--kind", "node", "--binding", Buffer.alloc(32).toString("base64")] },
  ])("in a file, $name is refused", async ({ args }) => {
    const outcome = await run(memoryFiles({ "answer.json": "{}" }), "file", "answer.json", ...args);
    expect(outcome.exitCode).toBe(2);
    expect(documentOf<Document>(outcome)).toMatchObject({ verdict: null, failure: { code: "usage-invalid" } });
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
