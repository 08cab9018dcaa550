import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createSimulatedPlatform, type SimulatedPlatform } from "@mero-tee/tee-simulator";
import { startSimulator } from "@mero-tee/tee-simulator/server";
import { startRedis } from "../test/e2e/redis-process.ts";
import { REDIS_SERVER } from "../test/e2e/redis-server.ts";
import {
  createLoadClient,
  getKey,
  inLoop,
  makePeers,
  makeRequest,
  takeChallenge,
  type Challenged,
  type KeyRequest,
} from "./conversations.ts";
import { scriptPath, startProgram, type Program } from "./program.ts";
import { signatureCosts } from "./signature-costs.ts";

/**
 * What whole conversations cost the service: a closed loop of challenge and get-key against it as a process of its own. Quotes are signed
 * between the two, outside of what is measured.
 */
const PROFILE = "locked-read-only";
/** Conversations whose quotes are made at a time. */
const BATCH = 250;
const WARM_UP = 500;
const PEERS = 64;
const MAX_PENDING_CHALLENGES = 1_000_000;

interface Costs {
  readonly conversationsPerSecond: number;
  readonly getKeyP50Ms: number;
  readonly getKeyP99Ms: number;
  readonly cpuUsPerConversation: number;
  readonly rssMiB: number;
  /** Resident memory along the way, after each quarter of the conversations. */
  readonly rssMiBOverTime: readonly number[];
}

function listening(line: string): string | null {
  if (!line.includes('"listening"')) return null;
  const entry: unknown = JSON.parse(line);
  return typeof entry === "object" && entry !== null && "address" in entry ? `http://${String(entry.address)}` : null;
}

function quantile(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

function progress(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** One batch of conversations; times of the get-key requests in ms, and how long the service was asked, in seconds. */
async function batch(
  platform: SimulatedPlatform,
  url: string,
  peers: ReturnType<typeof makePeers>,
  size: number,
): Promise<{ readonly getKeyMs: readonly number[]; readonly seconds: number; readonly request: KeyRequest }> {
  const client = createLoadClient(url);
  const challenged: Challenged[] = [];
  const start = performance.now();
  await inLoop(size, async (job) => {
    const peer = peers[job % peers.length];
    if (peer !== undefined) challenged.push(await takeChallenge(client, peer));
  });
  const issued = performance.now();
  const requests: KeyRequest[] = [];
  for (const each of challenged) requests.push(await makeRequest(platform, each));
  const signed = performance.now();
  const getKeyMs: number[] = [];
  await inLoop(size, async (job) => {
    const request = requests[job];
    if (request === undefined) return;
    const asked = performance.now();
    await getKey(client, request);
    getKeyMs.push(performance.now() - asked);
  });
  const seconds = (issued - start + (performance.now() - signed)) / 1e3;
  await client.close();
  const [request] = requests;
  if (request === undefined) throw new Error("an empty batch");
  return { getKeyMs, seconds, request };
}

async function measure(
  kms: Program,
  platform: SimulatedPlatform,
  conversations: number,
): Promise<Costs & { readonly request: KeyRequest }> {
  const peers = makePeers(PEERS);
  for (let done = 0; done < WARM_UP; done += BATCH) await batch(platform, kms.ready, peers, BATCH);
  const getKeyMs: number[] = [];
  const rssMiBOverTime: number[] = [];
  let seconds = 0;
  let last: KeyRequest | null = null;
  const before = await kms.cpuUs();
  for (let done = 0; done < conversations; done += BATCH) {
    const result = await batch(platform, kms.ready, peers, Math.min(BATCH, conversations - done));
    getKeyMs.push(...result.getKeyMs);
    seconds += result.seconds;
    last = result.request;
    if (done + BATCH >= ((rssMiBOverTime.length + 1) * conversations) / 4) rssMiBOverTime.push(await kms.rssMiB());
  }
  const cpuUs = (await kms.cpuUs()) - before;
  const sorted = getKeyMs.toSorted((a, b) => a - b);
  if (last === null) throw new Error("no conversations");
  return {
    conversationsPerSecond: sorted.length / seconds,
    getKeyP50Ms: quantile(sorted, 0.5),
    getKeyP99Ms: quantile(sorted, 0.99),
    cpuUsPerConversation: cpuUs / sorted.length,
    rssMiB: await kms.rssMiB(),
    rssMiBOverTime,
    request: last,
  };
}

/** Processor time of one request of a bare route, half of them with the bodies of a challenge, half with those of a get-key. */
async function echoCost(request: KeyRequest, requests: number): Promise<number> {
  const echo = await startProgram(scriptPath("echo-server.ts"), {}, (line) => line);
  const client = createLoadClient(echo.ready);
  const run = (count: number) =>
    inLoop(count, async (job) => {
      if (job % 2 === 0) await client.post("/?bytes=130", { peerId: request.peerId });
      else await client.post("/?bytes=64", request);
    });
  await run(WARM_UP);
  const before = await echo.cpuUs();
  await run(requests);
  const cpuUs = (await echo.cpuUs()) - before;
  await client.close();
  await echo.stop();
  return cpuUs / requests;
}

const { values } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    conversations: { type: "string", default: "3000" },
    "no-redis": { type: "boolean", default: false },
  },
});
const conversations = Number(values.conversations);
if (!Number.isInteger(conversations) || conversations < BATCH || conversations > 1_000_000) {
  process.stderr.write(`--conversations must be ${BATCH} to 1000000\n`);
  process.exit(2);
}

const directory = await mkdtemp(join(tmpdir(), "kms-bench-"));
const now = () => Math.floor(Date.now() / 1e3);
const platform = await createSimulatedPlatform({ seed: "bench", now: now() });
const dstackSocketPath = join(directory, "dstack.sock");
const simulator = await startSimulator({ platform, now, dstackSocketPath, profile: PROFILE });
const files = { root: join(directory, "root-ca.pem"), policy: join(directory, `policy.${PROFILE}.json`) };
await writeFile(files.root, platform.rootCaPem);
await writeFile(files.policy, platform.policyDocumentFor(PROFILE));
const environment = {
  LISTEN_ADDR: "127.0.0.1:0",
  DSTACK_SOCKET_PATH: dstackSocketPath,
  SIMULATED_ROOT_CA_FILE: files.root,
  PCCS_URL: simulator.url,
  MERO_KMS_POLICY_FILE: files.policy,
  MERO_KMS_PROFILE: PROFILE,
  MAX_PENDING_CHALLENGES: String(MAX_PENDING_CHALLENGES),
  CHALLENGE_TTL_SECS: "3600",
};

async function measureService(
  extra: Readonly<Record<string, string>>,
): Promise<Costs & { readonly request: KeyRequest }> {
  const kms = await startProgram(scriptPath("../src/main.ts"), { ...environment, ...extra }, listening);
  try {
    return await measure(kms, platform, conversations);
  } finally {
    await kms.stop();
  }
}

progress(`${conversations} conversations, spent challenges in memory`);
const { request, ...inMemory } = await measureService({});
progress("bare routes, guest agent calls, signatures");
const echoCpuUsPerRequest = await echoCost(request, 4000);
const agentCalls = await startProgram(
  scriptPath("guest-agent-calls.ts"),
  { DSTACK_SOCKET_PATH: dstackSocketPath },
  (line) => line,
);
const guestAgentCallCpuUs = Number(agentCalls.ready);
await agentCalls.stop();
const { p256VerifyUs, ed25519VerifyUs } = signatureCosts();
const unavoidableUs = 2 * echoCpuUsPerRequest + guestAgentCallCpuUs + 2 * p256VerifyUs + ed25519VerifyUs;

let withRedis: (Costs & { readonly overheadRatio: number }) | null = null;
if (!values["no-redis"] && REDIS_SERVER !== null) {
  progress(`${conversations} conversations, spent challenges in Redis`);
  const redis = await startRedis({ args: ["--maxmemory-policy", "noeviction"] });
  const { request: _request, ...costs } = await measureService({ REDIS_URL: `redis://127.0.0.1:${redis.port}` });
  withRedis = { ...costs, overheadRatio: costs.cpuUsPerConversation / unavoidableUs };
  await redis.close();
}
await simulator.close();
await rm(directory, { recursive: true, force: true });

const report = {
  schemaVersion: 1,
  node: process.version,
  conversations,
  maxPendingChallenges: MAX_PENDING_CHALLENGES,
  ...inMemory,
  echoCpuUsPerRequest,
  guestAgentCallCpuUs,
  p256VerifyUs,
  ed25519VerifyUs,
  overheadRatio: inMemory.cpuUsPerConversation / unavoidableUs,
  redis: withRedis,
};
if (values.json) {
  process.stdout.write(`${JSON.stringify(report)}\n`);
} else {
  const column = (costs: (Costs & { readonly overheadRatio: number }) | null): readonly string[] =>
    costs === null
      ? Array<string>(6).fill("not run")
      : [
          costs.conversationsPerSecond.toFixed(0),
          `${costs.getKeyP50Ms.toFixed(1)} ms`,
          `${costs.getKeyP99Ms.toFixed(1)} ms`,
          `${costs.cpuUsPerConversation.toFixed(0)} µs`,
          costs.overheadRatio.toFixed(2),
          `${costs.rssMiB.toFixed(0)} MiB`,
        ];
  const labels = [
    "conversations per second",
    "get-key, median",
    "get-key, 99th percentile",
    "processor time of one conversation",
    "over the unavoidable",
    "resident memory at the end",
  ];
  const [memory, redis] = [column(report), column(withRedis)];
  process.stdout.write(`| | in memory | with Redis |\n| --- | ---: | ---: |\n`);
  for (const [index, label] of labels.entries()) {
    process.stdout.write(`| ${label} | ${memory[index]} | ${redis[index]} |\n`);
  }
  process.stdout.write(
    `unavoidable: ${unavoidableUs.toFixed(0)} µs = 2 bare requests of ${echoCpuUsPerRequest.toFixed(0)}, ` +
      `1 guest agent call of ${guestAgentCallCpuUs.toFixed(0)}, 2 P-256 of ${p256VerifyUs.toFixed(0)}, ` +
      `1 Ed25519 of ${ed25519VerifyUs.toFixed(0)}\n`,
  );
}
