import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { isAlive, runCliProcess, startCli, type CliProcess, type DevEvent } from "./dev-process.ts";
import { readJson } from "./read-json.ts";

// Several Node.js processes on a shared machine.
const LIMIT_MS = 120_000;

const READY_KEYS = [
  "schemaVersion",
  "event",
  "kmsUrl",
  "verifierUrl",
  "simulatorUrl",
  "rootCaFile",
  "dstackSocket",
  "policyFile",
];

const STEPS = [
  "kms-quote-fresh",
  "kms-quote-genuine",
  "kms-code-expected",
  "kms-event-log-replayed",
  "challenge-taken",
  "node-quoted",
  "node-signed",
  "key-released",
  "key-sealed",
  "storage-sealed",
  "storage-reopened",
  "storage-closed-to-others",
  "replay-refused",
  "other-image-refused",
  "changed-quote-refused",
  "debug-td-refused",
  "swapped-wrap-key-refused",
];

interface Ready {
  readonly kmsUrl: string;
  readonly verifierUrl: string;
  readonly simulatorUrl: string;
  readonly rootCaFile: string;
  readonly dstackSocket: string;
  readonly policyFile: string;
}

/** The ids of the processes that a process started. */
async function childrenOf(pid: number): Promise<number[]> {
  const children: number[] = [];
  for (const entry of await readdir("/proc")) {
    const status = /^\d+$/.test(entry) ? await readFile(`/proc/${entry}/stat`, "utf8").catch(() => "") : "";
    if (Number(status.slice(status.lastIndexOf(")")).split(" ")[2]) === pid) children.push(Number(entry));
  }
  return children;
}

async function readUntil(cli: CliProcess, event: string): Promise<DevEvent[]> {
  const events: DevEvent[] = [];
  for (;;) {
    const next = await cli.nextEvent();
    if (next === null) throw new Error(`ended before ${event}: ${cli.output().stderr}`);
    events.push(next);
    if (next.event === event) return events;
  }
}

describe("dev --once --json", () => {
  test.each(["locked-read-only", "debug"])("boots a %s node, and says how", { timeout: LIMIT_MS }, async (profile) => {
    const { exitCode, stdout } = await runCliProcess(["dev", "--once", "--json", "--profile", profile]);
    expect(exitCode).toBe(0);
    const events = stdout
      .trimEnd()
      .split("\n")
      .map((line) => readJson<DevEvent>(line));
    expect(Object.keys(events[0] ?? {})).toEqual(READY_KEYS);
    expect(events[0]).toMatchObject({ schemaVersion: 1, event: "ready", verifierUrl: null });
    expect(events.filter(({ event }) => event === "step").map((step) => step["id"])).toEqual(STEPS);
    expect(events.at(-1)).toEqual({
      schemaVersion: 1,
      event: "booted",
      peerId: expect.stringMatching(/^12D3KooW/),
      keyFingerprint: expect.stringMatching(/^[0-9a-f]{16}$/),
    });
    // A key is 64 hex digits; nothing that long is ever shown.
    expect(stdout).not.toMatch(/[0-9a-f]{40}/);
    expect(existsSync(String(events[0]?.["policyFile"]))).toBe(false);
  });
});

test("dev --once tells the same in words", { timeout: LIMIT_MS }, async () => {
  const { exitCode, stdout } = await runCliProcess(["dev", "--once"]);
  expect(exitCode).toBe(0);
  expect(stdout.match(/^ {2}✓ /gm)).toHaveLength(STEPS.length + 2);
  expect(stdout).toMatch(/✓ Booted/);
  expect(stdout).not.toMatch(/[0-9a-f]{40}/);
  expect(stdout).not.toContain("\u001B");
});

test("dev --once fails with the KMS's own words when its port is taken", { timeout: LIMIT_MS }, async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a server that listens on TCP has such an address
  const { port } = server.address() as AddressInfo;
  const { exitCode, stdout, stderr } = await runCliProcess(["dev", "--once", "--json", "--kms-port", String(port)]);
  server.close();
  expect(exitCode).toBe(1);
  expect(readJson<DevEvent>(stdout)).toMatchObject({ event: "failed", failure: { code: "process-failed" } });
  expect(stderr).toContain("EADDRINUSE");
});

test("dev --redis hands the URL to the KMS, and shows no password of it", { timeout: LIMIT_MS }, async () => {
  const url = "redis://:hunter2@127.0.0.1/not-a-database";
  const { exitCode, stdout, stderr } = await runCliProcess(["dev", "--once", "--json", "--redis", url]);
  expect(exitCode).toBe(1);
  expect(stderr).toContain("kms-phala: REDIS_URL:");
  expect(stdout + stderr).not.toContain("hunter2");
});

describe("dev --json, while it runs", () => {
  const scratch = { directory: "" };
  const state: { cli?: CliProcess; ready?: Ready; children?: number[] } = {};

  beforeAll(async () => {
    scratch.directory = await mkdtemp(join(tmpdir(), "mero-tee-test-"));
    await writeFile(join(scratch.directory, "node.key"), "5a".repeat(32));
    state.cli = startCli(["dev", "--json"]);
    const [ready] = await readUntil(state.cli, "booted");
    state.ready = readJson<Ready>(JSON.stringify(ready));
    state.children = await childrenOf(state.cli.child.pid ?? -1);
  }, LIMIT_MS);

  afterAll(async () => {
    state.cli?.child.kill("SIGKILL");
    await rm(scratch.directory, { recursive: true, force: true });
  });

  function running(): { cli: CliProcess; ready: Ready; children: number[] } {
    const { cli, ready, children } = state;
    if (cli === undefined || ready === undefined || children === undefined) throw new Error("it does not run");
    return { cli, ready, children };
  }

  function nodeArgs({ simulatorUrl, policyFile, rootCaFile }: Ready): string[] {
    const identity = join(scratch.directory, "node.key");
    return [
      "--identity",
      identity,
      "--simulator",
      simulatorUrl,
      "--policy",
      policyFile,
      "--root-ca",
      rootCaFile,
      "--json",
    ];
  }

  test("keeps the guest agent's socket and its files to its owner", async () => {
    const { ready } = running();
    const directory = await stat(dirname(ready.dstackSocket));
    expect(directory.mode & 0o777).toBe(0o700);
    expect(ready.dstackSocket.length).toBeLessThan(104);
  });

  test(
    "gives a node its key, after the node has verified the KMS, and only a fingerprint is shown",
    { timeout: LIMIT_MS },
    async () => {
      const { ready, cli } = running();
      const out = join(scratch.directory, "storage.key");
      const args = ["kms", "get-key", ready.kmsUrl, ...nodeArgs(ready)];
      const first = await runCliProcess([...args, "--out", out]);
      expect(first.exitCode).toBe(0);
      const key = (await readFile(out, "utf8")).trim();
      expect((await stat(out)).mode & 0o777).toBe(0o600);
      const fingerprint = createHash("sha256").update(Buffer.from(key, "hex")).digest("hex").slice(0, 16);
      expect(readJson<DevEvent>(first.stdout)).toMatchObject({
        kmsVerified: true,
        wire: "wrapped",
        keyFingerprint: fingerprint,
      });
      const again = await runCliProcess(args);
      expect(readJson<DevEvent>(again.stdout)).toMatchObject({ keyFingerprint: fingerprint, out: null });
      expect(first.stderr).not.toContain("NOT verified");
      const all = [first, again, cli.output()].map(({ stdout, stderr }) => stdout + stderr).join("");
      expect(all).not.toContain(key);
    },
  );

  test("is asked for a plain key only by a node that was told so", { timeout: LIMIT_MS }, async () => {
    const { ready } = running();
    const asked: string[] = [];
    // A KMS of older make, as seen from outside: it ignores what it does not know.
    const passOn = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
      const sent: Record<string, unknown> = JSON.parse(Buffer.concat(await Array.fromAsync(request)).toString());
      const { wrapKeyB64: _, ...known } = sent;
      asked.push(request.url ?? "");
      const headers = { "content-type": "application/json" };
      const answer = await fetch(`${ready.kmsUrl}${request.url ?? ""}`, {
        method: "POST",
        headers,
        body: JSON.stringify(known),
      });
      response.writeHead(answer.status, headers).end(await answer.text());
    };
    const old = createHttpServer((request, response) => void passOn(request, response));
    await new Promise<void>((resolve) => old.listen(0, "127.0.0.1", resolve));
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a server that listens on TCP has such an address
    const { port } = old.address() as AddressInfo;
    const args = ["kms", "get-key", `http://127.0.0.1:${port}`, ...nodeArgs(ready)];
    const refused = await runCliProcess(args);
    expect(refused.exitCode).toBe(10);
    expect(readJson<DevEvent>(refused.stdout)).toMatchObject({
      wire: "wrapped",
      keyFingerprint: null,
      kmsError: { tag: "peer_id_mismatch" },
    });
    expect(refused.stderr).toContain("--wire plain");
    expect(asked).toEqual(["/attest", "/challenge", "/get-key"]);
    const plain = await runCliProcess([...args, "--wire", "plain"]);
    expect(plain.exitCode).toBe(0);
    expect(readJson<DevEvent>(plain.stdout)).toMatchObject({ kmsVerified: true, wire: "plain" });
    await new Promise((resolve) => old.close(resolve));
  });

  test("is OK to a node's probe, and refuses one of another profile", { timeout: LIMIT_MS }, async () => {
    const { ready } = running();
    const ok = await runCliProcess(["kms", "probe", ready.kmsUrl, ...nodeArgs(ready)]);
    expect(ok.exitCode).toBe(0);
    expect(readJson<DevEvent>(ok.stdout)).toMatchObject({ ok: true, code: "OK" });
    const unverified = nodeArgs(ready).filter((word) => word !== "--policy" && word !== ready.policyFile);
    const other = await runCliProcess(["kms", "probe", ready.kmsUrl, ...unverified, "--profile", "debug"]);
    expect(other.exitCode).toBe(10);
    expect(readJson<DevEvent>(other.stdout)).toMatchObject({
      code: "KMS_PROFILE_POLICY_REJECTED",
      kms_error: "measurement_policy_rejected",
    });
  });

  test("proves itself to whoever asks, and its quote is nobody's else", { timeout: LIMIT_MS }, async () => {
    const { ready } = running();
    const nonceB64 = Buffer.alloc(32, 9).toString("base64");
    const answer = await fetch(`${ready.kmsUrl}/attest`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ nonceB64 }),
    });
    const file = join(scratch.directory, "kms.json");
    await writeFile(file, await answer.text());
    const trust = ["--pccs", ready.simulatorUrl, "--root-ca", ready.rootCaFile];
    const policy = ["--policy", ready.policyFile, "--profile", "locked-read-only"];
    const asKms = await runCliProcess(["quote", "verify", file, ...trust, ...policy, "--role", "kms", "--json"]);
    expect(asKms.exitCode).toBe(0);
    expect(readJson<DevEvent>(asKms.stdout)).toMatchObject({
      verified: true,
      trustAnchor: "custom",
      tcbStatus: "UpToDate",
      policy: { allowed: true, mismatches: [] },
    });
    const asNode = await runCliProcess(["quote", "verify", file, ...trust, ...policy, "--json"]);
    expect(asNode.exitCode).toBe(10);
    expect(readJson<DevEvent>(asNode.stdout)).toMatchObject({ verified: true, policy: { allowed: false } });
    const replayed = await runCliProcess(["event-log", "replay", file, "--quote", file, "--json"]);
    expect(replayed.exitCode).toBe(0);
  });

  test("serves the verifier, which fetches from this KMS and this node, with releases and a second opinion", async () => {
    const { ready } = running();
    const nonceB64 = Buffer.alloc(32, 5).toString("base64");
    for (const target of [{ kms_url: ready.kmsUrl }, { node_url: ready.simulatorUrl }]) {
      const answer = await fetch(`${ready.verifierUrl}/api/verify`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ v: 2, ...target, nonce_b64: nonceB64 }),
      });
      expect(answer.headers.get("x-mero-insecure")).toBe("private-targets");
      expect(await answer.json()).toMatchObject({ nonce_verified: true, collateral: { fmspc: "53494d000000" } });
    }
    for (const path of ["policy?tag=mero-kms-v0.0.0", "node-policy?tag=mero-tee-v0.0.0", "releases?family=kms"]) {
      expect([path, (await fetch(`${ready.verifierUrl}/api/${path}`)).status]).toEqual([path, 200]);
    }
    expect(await (await fetch(`${ready.verifierUrl}/sim/examples.json`)).json()).toEqual({
      examples: [
        { kind: "kms", url: ready.kmsUrl },
        { kind: "node", url: ready.simulatorUrl },
      ],
    });
    expect((await fetch(`${ready.verifierUrl}/kms`)).headers.get("content-type")).toContain("text/html");
  });

  test("leaves nothing behind when it is interrupted", { timeout: LIMIT_MS }, async () => {
    const { cli, ready, children } = running();
    expect(children).toHaveLength(3);
    // What a terminal does on Ctrl-C: the whole group is interrupted.
    process.kill(-(cli.child.pid ?? 0), "SIGINT");
    // A package manager in front passes it on to its child, which has it already.
    cli.child.kill("SIGINT");
    expect(await cli.ended).toEqual([0, null]);
    expect(children.filter(isAlive)).toEqual([]);
    expect(existsSync(dirname(ready.policyFile))).toBe(false);
  });
});

test("no program outlives a dev that was killed", { timeout: LIMIT_MS }, async () => {
  const cli = startCli(["dev", "--json"]);
  const [ready] = await readUntil(cli, "ready");
  const children = await childrenOf(cli.child.pid ?? -1);
  expect(children).toHaveLength(3);
  cli.child.kill("SIGKILL");
  await cli.ended;
  await expect.poll(() => children.filter(isAlive), { timeout: LIMIT_MS }).toEqual([]);
  // Nobody was left to remove the files.
  await rm(dirname(String(ready?.["policyFile"])), { recursive: true, force: true });
});

describe("the simulated platform alone", () => {
  test("says where it is, serves, and ends when it is told to", { timeout: LIMIT_MS }, async () => {
    const cli = startCli(["simulator", "--json", "--profile", "debug"]);
    const [ready] = await readUntil(cli, "ready");
    expect(Object.keys(ready ?? {})).toEqual([
      "schemaVersion",
      "event",
      "simulatorUrl",
      "profile",
      "rootCaFile",
      "dstackSocket",
      "policyFile",
    ]);
    const rootCa = await fetch(`${String(ready?.["simulatorUrl"])}/root-ca.pem`);
    expect(await rootCa.text()).toContain("BEGIN CERTIFICATE");
    cli.child.kill("SIGTERM");
    expect(await cli.ended).toEqual([0, null]);
  });

  test("lists its defects", { timeout: LIMIT_MS }, async () => {
    const { exitCode, stdout } = await runCliProcess(["simulator", "defects", "--json"]);
    expect(exitCode).toBe(0);
    const { defects } = readJson<{ defects: { id: string }[] }>(stdout);
    expect(defects.map(({ id }) => id)).toContain("td-debug");
    const people = await runCliProcess(["simulator", "defects"]);
    expect(people.stdout).toContain("td-debug-enabled");
  });
});
