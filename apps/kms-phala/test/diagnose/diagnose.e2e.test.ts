import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { createSimulatedPlatform, type SimulatedPlatform } from "@mero-tee/tee-simulator";
import { type RunningSimulator, startSimulator } from "@mero-tee/tee-simulator/server";
import { afterAll, describe, expect, test } from "vitest";
import type { PinFile } from "../../src/config/image-profile.ts";
import { diagnose } from "../../src/diagnose/diagnose.ts";
import { diagnosisText } from "../../src/diagnose/diagnosis-text.ts";
import type { Diagnosis } from "../../src/diagnose/finding.ts";
import { createFetchPort } from "../../src/fetch-client.ts";
import { NO_PIN, pin } from "../config/environment.ts";
import { freePort, startRedis } from "../e2e/redis-process.ts";
import { REDIS_SERVER } from "../e2e/redis-server.ts";

// Against the simulated platform, on loopback and with the real clock: Redis has no other.
const now = (): number => Math.floor(Date.now() / 1000);
const platform = await createSimulatedPlatform({ seed: "diagnose", now: now() });
const folder = mkdtempSync(join(tmpdir(), "kms-doctor-"));
const socket = join(folder, "dstack.sock");
const root = join(folder, "root-ca.pem");
const policy = join(folder, "policy.json");
writeFileSync(root, platform.rootCaPem);
writeFileSync(policy, platform.policyDocumentFor("locked-read-only"));
writeFileSync(join(folder, "empty.json"), "{}");
const simulator = await startSimulator({ platform, now, dstackSocketPath: socket });
const closedPort = await freePort();
const open: { close(): Promise<void> }[] = [{ close: () => simulator.close() }];

afterAll(async () => {
  for (const thing of open) await thing.close();
  rmSync(folder, { recursive: true });
});

interface Surroundings {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly pinFile?: PinFile;
  /** How far the clock of the KMS is ahead, in milliseconds. */
  readonly aheadMs?: number;
}

/** A deployment in which everything is in order, but for what is given. */
function examine({ env = {}, pinFile = NO_PIN, aheadMs = 0 }: Surroundings = {}): Promise<Diagnosis> {
  return diagnose({
    env: {
      LISTEN_ADDR: "127.0.0.1:0",
      DSTACK_SOCKET_PATH: socket,
      SIMULATED_ROOT_CA_FILE: root,
      PCCS_URL: simulator.url,
      MERO_KMS_POLICY_FILE: policy,
      ...env,
    },
    pinFile,
    clock: { wallMs: () => Date.now() + aheadMs, monotonicMs: () => performance.now() },
    fetch: createFetchPort(),
    fetchTrusting: createFetchPort,
  });
}

/** What is not in order, beside what every one of these deployments has: a simulated root, and a policy nobody signed. */
function findingsOf({ findings }: Diagnosis): readonly string[] {
  return findings.flatMap(({ check, status, code }) =>
    code === null || code === "simulated-root" || code === "policy-unsigned" ? [] : [`${check}: ${status} ${code}`],
  );
}

async function simulatorOf(other: SimulatedPlatform, name: string): Promise<RunningSimulator & { socket: string }> {
  const path = join(folder, name);
  const started = await startSimulator({ platform: other, now, dstackSocketPath: path });
  open.push({ close: () => started.close() });
  return { ...started, socket: path };
}

describe("a deployment in order", () => {
  test("is healthy, and every check says so or why it warns", async () => {
    const diagnosis = await examine();
    expect(diagnosis.healthy).toBe(true);
    expect(diagnosis.findings.map(({ check, status, code }) => [check, status, code])).toEqual([
      ["configuration", "warning", "simulated-root"],
      ["guest agent", "ok", null],
      ["TLS", "ok", null],
      ["policy", "warning", "policy-unsigned"],
      ["collateral", "ok", null],
      ["Redis", "ok", null],
      ["clock", "ok", null],
      ["audit file", "ok", null],
      ["ports", "ok", null],
    ]);
  });
});

const OTHER_DIGEST = "0f".repeat(32);

describe("a deployment with one thing wrong has exactly that finding", () => {
  test.each<Surroundings & { readonly name: string; readonly found: readonly string[] }>([
    {
      name: "a malformed value",
      env: { CHALLENGE_TTL_SECS: "1m" },
      found: ["configuration: failed setting-malformed"],
    },
    { name: "a value of no text", env: { LOG_LEVEL: "\u{fffd}" }, found: ["configuration: failed setting-not-utf8"] },
    {
      name: "two that exclude each other",
      env: { TLS_MODE: "dstack" },
      found: ["configuration: failed setting-conflict"],
    },
    {
      name: "what the pin forbids",
      pinFile: pin("debug"),
      found: ["configuration: failed setting-forbidden-by-pin"],
    },
    {
      name: "what the pin demands",
      env: { SIMULATED_ROOT_CA_FILE: undefined },
      pinFile: pin("locked-read-only"),
      found: ["configuration: failed setting-required-by-pin"],
    },
    {
      name: "a policy of the environment that accepts nobody",
      env: { MERO_KMS_POLICY_FILE: undefined, USE_ENV_POLICY: "true" },
      found: Array.from({ length: 5 }, () => "configuration: failed policy-empty"),
    },
    {
      name: "a file that is no certificate",
      env: { SIMULATED_ROOT_CA_FILE: policy },
      found: ["configuration: failed settings-file-unusable"],
    },
    {
      name: "a setting that is not used",
      env: { RUST_LOG: "debug" },
      found: ["configuration: warning setting-warning"],
    },
    {
      name: "mock quotes",
      env: { ACCEPT_MOCK_ATTESTATION: "true" },
      found: ["configuration: warning mock-quotes-accepted"],
    },
    {
      name: "no enforcement",
      env: { ENFORCE_MEASUREMENT_POLICY: "false" },
      found: ["configuration: warning policy-not-enforced"],
    },
    {
      name: "no guest agent",
      env: { DSTACK_SOCKET_PATH: join(folder, "none.sock") },
      found: ["guest agent: failed agent-unavailable"],
    },
    { name: "no policy", env: { MERO_KMS_POLICY_FILE: undefined }, found: ["policy: failed policy-not-configured"] },
    {
      name: "a policy that is not there",
      env: { MERO_KMS_POLICY_FILE: join(folder, "none.json") },
      found: ["policy: failed policy-not-found"],
    },
    {
      name: "a policy that is none",
      env: { MERO_KMS_POLICY_FILE: join(folder, "empty.json") },
      found: ["policy: failed policy-refused"],
    },
    {
      name: "another policy than the pinned one",
      env: { MERO_KMS_POLICY_SHA256: OTHER_DIGEST },
      found: ["policy: failed policy-digest-mismatch"],
    },
    {
      name: "a release host that does not answer",
      env: {
        MERO_KMS_POLICY_FILE: undefined,
        MERO_KMS_VERSION: "2.4.0",
        MERO_TEE_RELEASES_URL: `http://127.0.0.1:${closedPort}`,
      },
      found: ["policy: failed policy-unreachable"],
    },
    {
      name: "Intel's root for a simulated machine",
      env: { SIMULATED_ROOT_CA_FILE: undefined },
      found: ["collateral: failed chain-root-untrusted"],
    },
    {
      name: "a collateral service that does not answer",
      env: { PCCS_URL: `http://127.0.0.1:${closedPort}` },
      found: ["collateral: failed fetch-failed"],
    },
    {
      name: "a clock that is behind",
      aheadMs: -40 * 86_400_000,
      found: ["clock: failed clock-behind-collateral"],
    },
    {
      name: "no Redis where one is named",
      env: { REDIS_URL: `redis://127.0.0.1:${closedPort}` },
      found: ["Redis: failed redis-unreachable"],
    },
    {
      name: "an audit file that cannot be written",
      env: { AUDIT_FILE: join(folder, "none", "audit.jsonl") },
      found: ["audit file: failed audit-unwritable"],
    },
    {
      name: "an address of another machine",
      env: { LISTEN_ADDR: "192.0.2.1:8080" },
      found: ["ports: failed listen-address-unusable"],
    },
    {
      name: "one port for two listeners",
      env: { LISTEN_ADDR: `127.0.0.1:${closedPort}`, METRICS_PORT: String(closedPort) },
      found: ["ports: failed listen-address-taken"],
    },
  ])("$name", async ({ found, ...surroundings }) => {
    const diagnosis = await examine(surroundings);
    expect(findingsOf(diagnosis)).toEqual(found);
    expect(diagnosis.healthy).toBe(!found.some((finding) => finding.includes("failed")));
    // Whatever is wrong, there is something to do.
    expect(diagnosis.findings.filter(({ code, advice }) => (code === null) !== (advice === null))).toEqual([]);
  });

  test("a guest agent that answers nonsense", async () => {
    simulator.agent?.failNext("GetKey", { kind: "answer", body: { key: "00" } });
    expect(findingsOf(await examine())).toEqual(["guest agent: failed agent-answer-malformed"]);
  });

  test("a guest agent that quotes something else", async () => {
    const { quote } = await platform.bootGuest("locked-read-only").quote(new Uint8Array(64));
    const body = { quote: Buffer.from(quote).toString("hex"), event_log: "[]", vm_config: "" };
    simulator.agent?.failNext("GetQuote", { kind: "answer", body });
    expect(findingsOf(await examine())).toEqual(["guest agent: failed agent-report-data-mismatch"]);
  });

  test("a machine whose firmware is behind", async () => {
    const old = await createSimulatedPlatform({ seed: "old", now: now(), tcbStatus: "OutOfDate" });
    const { socket: path, url } = await simulatorOf(old, "old.sock");
    const rootFile = join(folder, "old-root.pem");
    writeFileSync(rootFile, old.rootCaPem);
    const env = { DSTACK_SOCKET_PATH: path, SIMULATED_ROOT_CA_FILE: rootFile, PCCS_URL: url };
    expect(findingsOf(await examine({ env }))).toEqual(["collateral: warning platform-tcb-behind"]);
  });
});

describe("with TLS that ends in the service", () => {
  const env = { TLS_MODE: "dstack", TLS_SERVER_NAMES: "kms.example" };

  test("a certificate is asked for and judged, and its key is not shown", async () => {
    const diagnosis = await examine({ env });
    expect(findingsOf(diagnosis)).toEqual([]);
    expect(diagnosisText(diagnosis)).toContain("TLS: It ends here, under a certificate for kms.example.");
    expect(JSON.stringify(diagnosis)).not.toContain("PRIVATE KEY");
  });

  test("no certificate", async () => {
    simulator.agent?.failNext("GetTlsKey", { kind: "answer", body: { error: "no" } });
    expect(findingsOf(await examine({ env }))).toEqual(["TLS: failed agent-answer-malformed"]);
  });

  test("a certificate that is over", async () => {
    const later = { env, aheadMs: 400 * 86_400_000 };
    expect(findingsOf(await examine(later))).toContain("TLS: failed tls-certificate-unusable");
  });
});

/** Something that answers every request so. */
async function answering(text: string): Promise<number> {
  const server = createServer((_request, response) => response.end(text));
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  open.push({ close: async () => void server.close() });
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

describe("where the service would listen", () => {
  test("is said of both listeners in one line", async () => {
    const text = diagnosisText(await examine({ env: { METRICS_PORT: String(closedPort) } }));
    expect(text).toContain(
      `ports: 127.0.0.1:0 (LISTEN_ADDR) is free. 127.0.0.1:${closedPort} (METRICS_PORT) is free.\n`,
    );
  });

  test.each([
    { name: "a KMS that runs", text: '{"status":"alive","service":"mero-kms-phala"}', found: [] },
    { name: "something else", text: '{"status":"alive"}', found: ["ports: failed listen-address-taken"] },
  ])("$name holds the port", async ({ text, found }) => {
    expect(findingsOf(await examine({ env: { LISTEN_ADDR: `127.0.0.1:${await answering(text)}` } }))).toEqual(found);
  });

  test.each([
    { name: "a KMS that runs", text: "# HELP mero_kms_answers_total", found: [] },
    { name: "something else", text: "# HELP other", found: ["ports: failed listen-address-taken"] },
  ])("$name holds the port of the metrics", async ({ text, found }) => {
    expect(findingsOf(await examine({ env: { METRICS_PORT: String(await answering(text)) } }))).toEqual(found);
  });

  test("behind TLS nobody is asked who holds it", async () => {
    const port = await answering('{"status":"alive","service":"mero-kms-phala"}');
    const env = { LISTEN_ADDR: `127.0.0.1:${port}`, TLS_MODE: "dstack", TLS_SERVER_NAMES: "kms.example" };
    expect(findingsOf(await examine({ env }))).toEqual(["ports: warning listen-address-taken"]);
  });
});

describe.skipIf(REDIS_SERVER === null)("with a Redis", () => {
  test.each([
    { name: "that keeps everything", args: [], aheadMs: 0, found: [] },
    {
      name: "that throws entries away",
      args: ["--maxmemory-policy", "allkeys-lru"],
      aheadMs: 0,
      found: ["Redis: failed redis-evicts"],
    },
    { name: "whose clock is elsewhere", args: [], aheadMs: 60_000, found: ["clock: failed redis-clock-off"] },
  ])("$name", async ({ args, aheadMs, found }) => {
    const redis = await startRedis({ args });
    open.push(redis);
    expect(findingsOf(await examine({ env: { REDIS_URL: `redis://127.0.0.1:${redis.port}` }, aheadMs }))).toEqual(
      found,
    );
  });

  test("that wants another password, which is not shown", async () => {
    const redis = await startRedis({ password: "right" });
    open.push(redis);
    const diagnosis = await examine({ env: { REDIS_URL: `redis://:planted-secret@127.0.0.1:${redis.port}` } });
    expect(findingsOf(diagnosis)).toEqual(["Redis: failed redis-refused"]);
    expect(`${diagnosisText(diagnosis)}${JSON.stringify(diagnosis)}`).not.toContain("planted-secret");
  });
});

describe("the text of a diagnosis", () => {
  test("has a line for each finding, its code, and what to do", async () => {
    const text = diagnosisText(await examine({ env: { MERO_KMS_POLICY_FILE: undefined } }));
    expect(text).toContain(
      "failed   policy: No policy is configured. [policy-not-configured]\n         do: Set MERO_KMS_VERSION",
    );
    expect(text).toContain("/docs/errors.md#policy-not-configured\n");
    expect(text.trimEnd().split("\n").at(-1)).toBe("No key can be released.");
  });

  test("holds no key of the guest agent", async () => {
    const text = JSON.stringify(await examine());
    const key = Buffer.from(platform.bootGuest("locked-read-only").keyFor("mero-kms/diagnosis/v1"));
    expect(text).not.toContain(key.toString("hex"));
    expect(text).not.toContain(createHash("sha256").update(key).digest("hex"));
  });
});
