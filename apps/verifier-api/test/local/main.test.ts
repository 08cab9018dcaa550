import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";

const MAIN = fileURLToPath(new URL("../../src/local/main.ts", import.meta.url));

let site: string;

beforeAll(async () => {
  site = await mkdtemp(join(tmpdir(), "mero-verifier-main-"));
  await writeFile(join(site, "index.html"), "<!doctype html><title>verifier</title>");
});

afterAll(() => rm(site, { recursive: true, force: true }));

function start(args: readonly string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [MAIN, ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
  const printed = { out: "", err: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (printed.out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (printed.err += text));
  onTestFinished(() => void child.kill("SIGKILL"));
  return { child, printed };
}

async function addressOf(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error("no output");
  for await (const line of createInterface({ input: child.stdout })) {
    const address = /^The verifier listens on (\S+)$/.exec(line)?.[1];
    if (address !== undefined) return address;
  }
  throw new Error("it ended before it listened");
}

function verify(address: string, url: string): Promise<Response> {
  return fetch(`${address}/api/verify`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ v: 2, node_url: url }),
  });
}

describe("the local server as a process", () => {
  test("says where it listens, serves page and API, and ends when it is told to", async () => {
    const { child } = start(["--port", "0", "--site", site]);
    const address = await addressOf(child);
    expect(await (await fetch(`${address}/kms`)).text()).toContain("verifier");
    expect(await (await fetch(`${address}/api/health`)).json()).toMatchObject({ status: "ok" });
    // Once from the terminal, and once from the program in front.
    child.kill("SIGINT");
    child.kill("SIGINT");
    expect(await once(child, "exit")).toEqual([0, null]);
  });

  test("keeps the rules of production whatever the environment says, and drops them on demand", async () => {
    const asked: string[] = [];
    const target = createServer((request, response) => {
      asked.push(request.url ?? "");
      response.end();
    });
    target.listen(0, "127.0.0.1");
    await once(target, "listening");
    onTestFinished(() => void target.close());
    const bound = target.address();
    const url = `http://127.0.0.1:${typeof bound === "object" && bound !== null ? bound.port : 0}`;
    const env = { ALLOW_PRIVATE_TARGETS: "1", NODE_ALLOWED_HOSTS: "127.0.0.1" };
    const production = await addressOf(start(["--port", "0", "--site", site], env).child);
    const refused = await verify(production, url);
    expect([refused.status, refused.headers.get("x-mero-insecure"), asked]).toEqual([403, null, []]);
    const development = await addressOf(start(["--port", "0", "--site", site, "--development"], env).child);
    const answered = await verify(development, url);
    expect([answered.status, answered.headers.get("x-mero-insecure"), asked]).toEqual([
      502,
      "private-targets",
      ["/admin-api/tee/attest"],
    ]);
  });

  test("serves the anchors and examples of a simulated world, in development alone", async () => {
    const anchors = join(site, "anchors.json");
    await writeFile(anchors, `{"root_ca_pem":""}`);
    const args = ["--anchors", anchors, "--example", "kms=http://127.0.0.1:1", "--port", "0", "--site", site];
    const address = await addressOf(start([...args, "--development"]).child);
    expect(await (await fetch(`${address}/sim/anchors.json`)).json()).toEqual({ root_ca_pem: "" });
    expect(await (await fetch(`${address}/sim/examples.json`)).json()).toEqual({
      examples: [{ kind: "kms", url: "http://127.0.0.1:1" }],
    });
    const { child, printed } = start(args);
    expect(await once(child, "exit")).toEqual([2, null]);
    expect(printed.err).toContain("--anchors and --example need --development");
  });

  test.each([
    { name: "a flag that is none", args: ["--nothing"], env: {}, exit: 2, says: "--nothing" },
    { name: "a port that is none", args: ["--port", "x"], env: {}, exit: 2, says: "--port must be" },
    { name: "no built page", args: ["--site", "/nowhere"], env: {}, exit: 1, says: "no built page in /nowhere" },
  ])("refuses $name in one line", async ({ args, env, exit, says }) => {
    const { child, printed } = start(args, env);
    expect(await once(child, "close")).toEqual([exit, null]);
    expect(printed.err).toContain(says);
  });

  test("names settings that cannot be used, and serves the rest", async () => {
    const { child, printed } = start(["--port", "0", "--site", site], { ITA_API_KEY: "two words" });
    const address = await addressOf(child);
    expect(await (await fetch(`${address}/api/health`)).json()).toMatchObject({ checks: { config: ["ITA_API_KEY"] } });
    expect(printed.err).toContain("verifier: ITA_API_KEY must be printable ASCII without blanks");
    expect(printed.err).not.toContain("two words");
  });
});
