import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { kmsProfileEvent } from "@mero-tee/policy";
import type { Result } from "@mero-tee/tdx-quote/result";
import { type RunningSimulator, startSimulator } from "@mero-tee/tee-simulator/server";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { formatListenAddress } from "../src/config/listen-address.ts";
import { createFetchPort } from "../src/fetch-client.ts";
import { type RunningService, type ServiceDeps, type StartFailure, startService } from "../src/service.ts";
import { NO_PIN, pin } from "./config/environment.ts";
import { keyOf, makePeer, NOW, platform } from "./harness.ts";
import { manualClock } from "./manual-clock.ts";
import { signRequest } from "./peers.ts";

const peer = makePeer();
let folder: string;
let simulator: RunningSimulator;
let logs: string[];
let pending: (() => void)[];
const running: RunningService[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "kms-service-"));
  simulator = await startSimulator({ platform, now: () => NOW, dstackSocketPath: join(folder, "dstack.sock") });
  await writeFile(join(folder, "root.pem"), platform.rootCaPem);
  await writeFile(join(folder, "policy.json"), platform.policyDocumentFor("locked-read-only"));
  logs = [];
  pending = [];
});

afterEach(async () => {
  await Promise.all(running.splice(0).map((service) => service.stop()));
  await simulator.close();
  await rm(folder, { recursive: true });
});

/** The environment of a KMS on the simulated platform. */
function environment(): Record<string, string> {
  return {
    LISTEN_ADDR: "127.0.0.1:0",
    DSTACK_SOCKET_PATH: join(folder, "dstack.sock"),
    PCCS_URL: simulator.url,
    SIMULATED_ROOT_CA_FILE: join(folder, "root.pem"),
    MERO_KMS_POLICY_FILE: join(folder, "policy.json"),
  };
}

async function start(
  env: Record<string, string | undefined> = {},
  deps: Partial<ServiceDeps> = {},
): Promise<Result<RunningService, StartFailure>> {
  const started = await startService({
    env: { ...environment(), ...env },
    pinFile: NO_PIN,
    clock: manualClock(NOW),
    fetch: createFetchPort(),
    fetchTrusting: createFetchPort,
    schedule(work) {
      pending.push(work);
      return () => undefined;
    },
    logStream: { write: (line) => void logs.push(line) },
    ...deps,
  });
  if (started.ok) running.push(started.value);
  return started;
}

async function listen(env: Record<string, string | undefined> = {}): Promise<{ service: RunningService; url: string }> {
  const started = await start(env);
  if (!started.ok) throw new Error(started.error.lines.join("\n"));
  return { service: started.value, url: `http://${formatListenAddress(started.value.address)}` };
}

function post(url: string, body: unknown): Promise<Response> {
  return fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
}

/** The node's side over real sockets: challenge, quote, signature. */
async function getKeyBody(url: string): Promise<Record<string, string>> {
  const challenge = await post(`${url}/challenge`, { peerId: peer.peerId });
  const { challengeId, nonceB64 }: { challengeId: string; nonceB64: string } = JSON.parse(await challenge.text());
  const nonce = Buffer.from(nonceB64, "base64");
  const peerHash = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(peer.peerId)));
  const { quote } = await platform.issueQuote({ reportData: new Uint8Array([...nonce, ...peerHash]) });
  return {
    challengeId,
    quoteB64: Buffer.from(quote).toString("base64"),
    peerId: peer.peerId,
    peerPublicKeyB64: peer.publicKeyB64,
    signatureB64: signRequest(peer, challengeId, nonce, quote),
  };
}

describe("a service on the simulated platform", () => {
  test("releases the key that dstack derives, over HTTP", async () => {
    const { url } = await listen();
    const answer = await post(`${url}/get-key`, await getKeyBody(url));
    expect(await answer.json()).toEqual({ key: keyOf(`merod/storage/locked-read-only/${peer.peerId}`) });
    expect(simulator.bugs).toEqual([]);
  });

  test("asks the next source of collateral when the first does not answer, and logs which", async () => {
    const { url } = await listen({ PCCS_URL: `http://127.0.0.1:1, ${simulator.url}` });
    expect((await post(`${url}/get-key`, await getKeyBody(url))).status).toBe(200);
    expect(logs.map((line): unknown => JSON.parse(line))).toContainEqual(
      expect.objectContaining({
        msg: "a source gave no collateral",
        source: `pccs ${new URL(simulator.url).host}`,
        failed: [expect.objectContaining({ source: "pccs 127.0.0.1:1", code: "fetch-failed" })],
      }),
    );
  });

  test("warns of the simulated root and records its profile", async () => {
    await listen();
    expect(logs.filter((line) => line.includes("SIMULATED PLATFORM") && line.includes('"level":40'))).toHaveLength(1);
    const events = simulator.agent?.guest.runtimeEvents() ?? [];
    expect(events.filter(({ name }) => name === "calimero.kms.profile")).toHaveLength(1);
  });

  test("logs source, tag and digest of the policy, and where it listens", async () => {
    const { url } = await listen();
    expect(logs.some((line) => line.includes('"source":"file"') && /"sha256":"[0-9a-f]{64}"/.test(line))).toBe(true);
    expect(logs.some((line) => line.includes(url.replace("http://", "")))).toBe(true);
  });

  test("trusts Intel's root, and so not this platform, without the switch", async () => {
    const { url } = await listen({ SIMULATED_ROOT_CA_FILE: undefined });
    const answer = await post(`${url}/get-key`, await getKeyBody(url));
    expect(answer.status).toBe(401);
    expect(await answer.json()).toMatchObject({ error: "attestation_verification_failed" });
  });

  test("refreshes collateral without being asked for a key", async () => {
    const { url } = await listen();
    await post(`${url}/get-key`, await getKeyBody(url));
    const repeated = pending.length;
    pending[0]?.();
    expect(pending.length).toBe(repeated + 1);
  });

  test("runs on with a warning where the guest agent is missing, and refuses keys", async () => {
    const { url } = await listen({ DSTACK_SOCKET_PATH: join(folder, "absent.sock") });
    expect(logs.some((line) => line.includes("socket of the guest agent is missing"))).toBe(true);
    expect(logs.some((line) => line.includes("profile event absent"))).toBe(true);
    const answer = await post(`${url}/get-key`, await getKeyBody(url));
    expect(answer.status).toBe(500);
    expect(await answer.json()).toEqual({ error: "key_derivation_failed" });
    expect((await post(`${url}/attest`, { nonceB64: Buffer.alloc(32).toString("base64") })).status).toBe(503);
    expect((await fetch(`${url}/health`)).status).toBe(200);
  });

  test("runs on without a policy, and becomes ready when there is one", async () => {
    await rm(join(folder, "policy.json"));
    const { url } = await listen();
    const refused = await post(`${url}/get-key`, await getKeyBody(url));
    expect(refused.status).toBe(503);
    expect(await refused.json()).toEqual({ error: "policy_not_ready", details: "the policy file cannot be read" });
    await writeFile(join(folder, "policy.json"), platform.policyDocumentFor("locked-read-only"));
    for (const work of pending.splice(0)) work();
    // The retry reads a file: its end is when the log says so.
    while (!logs.some((line) => line.includes("policy loaded"))) await sleep(1);
    expect((await post(`${url}/get-key`, await getKeyBody(url))).status).toBe(200);
  });

  test("runs on without its Redis, says so without a password, and refuses challenges and keys", async () => {
    const { url } = await listen({ REDIS_URL: "redis://:hunter2@127.0.0.1:1" });
    const refused = await post(`${url}/challenge`, { peerId: peer.peerId });
    expect({ status: refused.status, body: await refused.json() }).toEqual({
      status: 503,
      body: { error: "challenge_store_unavailable" },
    });
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    expect((await post(`${url}/attest`, { nonceB64: Buffer.alloc(32).toString("base64") })).status).toBe(200);
    expect(logs.some((line) => line.includes('"cause":"redis-unreachable","word":"ECONNREFUSED"'))).toBe(true);
    expect(logs.join("")).not.toContain("hunter2");
  });

  test("emits no profile event where mock quotes are accepted", async () => {
    await listen({ ACCEPT_MOCK_ATTESTATION: "true" });
    const events = simulator.agent?.guest.runtimeEvents() ?? [];
    expect(events.filter(({ name }) => name === "calimero.kms.profile")).toEqual([]);
  });
});

describe("a service that must not run", () => {
  test("names every setting at fault and exits with the status for settings", async () => {
    expect(await start({ LISTEN_ADDR: "x", CHALLENGE_TTL_SECS: "0" })).toEqual({
      ok: false,
      error: {
        exitCode: 78,
        lines: [
          "kms-phala: LISTEN_ADDR: must be an IP address and a port, such as 0.0.0.0:8080 or [::1]:8080",
          "kms-phala: CHALLENGE_TTL_SECS: must be a whole number in 1..3600",
          "kms-phala: more: https://github.com/calimero-network/mero-tee/blob/master/docs/errors.md#setting-malformed",
        ],
      },
    });
  });

  test.each([
    { name: "text", content: "no certificate" },
    { name: "nothing", content: "" },
    { name: "a certificate cut short", content: platform.rootCa.subarray(0, 100) },
  ])("refuses a simulated root file that holds $name", async ({ content }) => {
    await writeFile(join(folder, "root.pem"), content);
    expect(await start()).toMatchObject({
      ok: false,
      error: { exitCode: 78, lines: [expect.stringMatching(/^kms-phala: SIMULATED_ROOT_CA_FILE: /)] },
    });
  });

  test.each([
    { name: "no certificate", content: "no certificate" },
    { name: "a certificate that is none", content: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" },
  ])("refuses a file of authorities for Redis that holds $name", async ({ content }) => {
    const file = join(folder, "redis-ca.pem");
    await writeFile(file, content);
    const env = { REDIS_URL: "rediss://127.0.0.1:1", REDIS_TLS_CA_FILE: file };
    expect(await start(env)).toMatchObject({
      ok: false,
      error: { exitCode: 78, lines: [expect.stringMatching(/^kms-phala: REDIS_TLS_CA_FILE: /)] },
    });
  });

  test("refuses a file of authorities for a PCCS that holds none", async () => {
    const file = join(folder, "pccs-ca.pem");
    await writeFile(file, "no certificate");
    expect(await start({ PCCS_URL: "https://127.0.0.1:1", PCCS_CA_FILE: file })).toMatchObject({
      ok: false,
      error: { exitCode: 78, lines: [expect.stringMatching(/^kms-phala: PCCS_CA_FILE: /)] },
    });
  });

  test("takes the simulated root as DER too", async () => {
    await writeFile(join(folder, "root.pem"), platform.rootCa);
    expect(await start()).toMatchObject({ ok: true });
  });

  test("refuses the simulated root on an image with a profile pin", async () => {
    expect(await start({}, { pinFile: pin("debug") })).toMatchObject({ ok: false, error: { exitCode: 78 } });
  });

  test("exits when this boot has measured another profile", async () => {
    const { name, payload } = kmsProfileEvent("debug");
    simulator.agent?.guest.extend(name, payload);
    expect(await start()).toEqual({
      ok: false,
      error: { exitCode: 1, lines: ["kms-phala: RTMR3 already says that this boot runs another profile"] },
    });
  });

  test("exits when its policy accepts nobody, and not otherwise", async () => {
    const document: { policy: Record<string, unknown> } = JSON.parse(platform.policyDocumentFor("locked-read-only"));
    delete document.policy["node_measurement_sets"];
    document.policy["node_allowed_rtmr1"] = [];
    await writeFile(join(folder, "policy.json"), JSON.stringify(document));
    expect(await start()).toEqual({
      ok: false,
      error: { exitCode: 1, lines: ["kms-phala: the policy accepts nobody; empty: rtmr1"] },
    });
    expect(await start({ ENFORCE_MEASUREMENT_POLICY: "false" })).toMatchObject({ ok: true });
  });

  test("fails later when a policy that accepts nobody arrives later", async () => {
    const document: { policy: Record<string, unknown> } = JSON.parse(platform.policyDocumentFor("locked-read-only"));
    delete document.policy["node_measurement_sets"];
    document.policy["node_allowed_mrtd"] = [];
    await rm(join(folder, "policy.json"));
    const { service } = await listen();
    await writeFile(join(folder, "policy.json"), JSON.stringify(document));
    for (const work of pending.splice(0)) work();
    expect(await service.failed).toMatchObject({ exitCode: 1, lines: [expect.stringContaining("accepts nobody")] });
  });

  test("listens while the host of its release policy does not answer", async () => {
    const started = await start(
      { MERO_KMS_POLICY_FILE: undefined, MERO_KMS_VERSION: "2.4.0" },
      { fetch: () => new Promise(() => undefined) },
    );
    if (!started.ok) throw new Error(started.error.lines.join("\n"));
    const url = `http://${formatListenAddress(started.value.address)}`;
    expect((await fetch(`${url}/health`)).status).toBe(200);
    expect((await post(`${url}/attest`, { nonceB64: Buffer.alloc(32).toString("base64") })).status).toBe(200);
    const refused = await post(`${url}/get-key`, await getKeyBody(url));
    expect({ status: refused.status, body: await refused.json() }).toMatchObject({
      status: 503,
      body: { error: "policy_not_ready" },
    });
  });

  test("exits when its address is taken", async () => {
    const blocker: Server = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => blocker.once("listening", resolve));
    const address = blocker.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    expect(await start({ LISTEN_ADDR: `127.0.0.1:${port}` })).toMatchObject({
      ok: false,
      error: { exitCode: 1, lines: [expect.stringContaining("LISTEN_ADDR: cannot listen")] },
    });
    await new Promise((resolve) => blocker.close(resolve));
  });
});

describe("shutdown", () => {
  test("lets a request in flight finish, and accepts no other", async () => {
    const { service, url } = await listen();
    const hold = simulator.agent?.holdNext("GetQuote");
    const inFlight = post(`${url}/attest`, { nonceB64: Buffer.alloc(32).toString("base64") });
    await hold?.reached;
    const stopped = service.stop();
    await expect(fetch(`${url}/health`)).rejects.toThrow("fetch failed");
    hold?.release();
    expect((await inFlight).status).toBe(200);
    await stopped;
  });

  test("voids every open challenge: the next process knows none", async () => {
    const first = await listen();
    const body = await getKeyBody(first.url);
    await first.service.stop();
    const second = await listen();
    const answer = await post(`${second.url}/get-key`, body);
    expect(answer.status).toBe(401);
    expect(await answer.json()).toMatchObject({ error: "invalid_challenge" });
  });
});
