import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createSimulatedPlatform, type SimulatedPlatform } from "@mero-tee/tee-simulator";
import { startSimulator } from "@mero-tee/tee-simulator/server";
import { BUNDLE_NAME, bundleService } from "../bundle/bundle-service.ts";
import { BUILD } from "../src/config/build.ts";
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
import { signatureTimes } from "./signature-costs.ts";

/**
 * What whole conversations cost the service: a closed loop of challenge and get-key against it as a process of its own. Quotes are signed
 * between the two, outside of what is measured.
 *
 * What no conversation can do without is measured in turns with it, batch by batch, in as many requests, calls and verifications as
 * conversations take, after as many to warm up: all of it meets the same machine in the same state.
 */
const PROFILE = "locked-read-only";
/** Conversations whose quotes are made at a time. */
const BATCH = 250;
const WARM_UP = 2_000;
const PEERS = 64;
const MAX_PENDING_CHALLENGES = 1_000_000;
/** Of each kind, for one batch; their median is what counts. */
const VERIFICATIONS = 50;

interface Costs {
  readonly conversationsPerSecond: number;
  readonly getKeyP50Ms: number;
  readonly getKeyP99Ms: number;
  readonly cpuUsPerConversation: number;
  readonly echoCpuUsPerRequest: number;
  readonly guestAgentCallCpuUs: number;
  readonly p256VerifyUs: number;
  readonly ed25519VerifyUs: number;
  readonly overheadRatio: number;
  readonly rssMiB: number;
  /** Resident memory along the way, after each tenth of the conversations. */
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

/** A conversation's two requests, to a route that does nothing, with bodies of the same sizes. */
async function echoBatch(url: string, request: KeyRequest, size: number): Promise<void> {
  const client = createLoadClient(url);
  await inLoop(2 * size, async (job) => {
    if (job % 2 === 0) await client.post("/?bytes=130", { peerId: request.peerId });
    else await client.post("/?bytes=64", request);
  });
  await client.close();
}

/** The service, and what it is compared with, each in a process of its own. */
interface Programs {
  readonly kms: Program;
  readonly echo: Program;
  readonly agentCalls: Program;
}

async function measure(
  { kms, echo, agentCalls }: Programs,
  platform: SimulatedPlatform,
  conversations: number,
): Promise<Costs> {
  const peers = makePeers(PEERS);
  const signatures = signatureTimes();
  const turn = async (size: number) => {
    const result = await batch(platform, kms.ready, peers, size);
    await echoBatch(echo.ready, result.request, size);
    await agentCalls.ask(String(size));
    for (const kind of [signatures.p256, signatures.ed25519]) kind.run(VERIFICATIONS);
    return result;
  };
  const cpuUs = () => Promise.all([kms.cpuUs(), echo.cpuUs(), agentCalls.cpuUs()]);
  for (let done = 0; done < WARM_UP; done += BATCH) await turn(BATCH);
  const getKeyMs: number[] = [];
  const rssMiBOverTime: number[] = [];
  let seconds = 0;
  const before = await cpuUs();
  for (let done = 0; done < conversations; done += BATCH) {
    const result = await turn(Math.min(BATCH, conversations - done));
    getKeyMs.push(...result.getKeyMs);
    seconds += result.seconds;
    if (done + BATCH < ((rssMiBOverTime.length + 1) * conversations) / 10) continue;
    rssMiBOverTime.push(await kms.rssMiB());
    progress(`${getKeyMs.length} conversations, ${rssMiBOverTime.at(-1)?.toFixed(0)} MiB`);
  }
  const after = await cpuUs();
  const [kmsUs = 0, echoUs = 0, agentUs = 0] = after.map((at, index) => at - (before[index] ?? 0));
  const sorted = getKeyMs.toSorted((a, b) => a - b);
  const cpuUsPerConversation = kmsUs / sorted.length;
  const echoCpuUsPerRequest = echoUs / (2 * sorted.length);
  const guestAgentCallCpuUs = agentUs / sorted.length;
  const [p256VerifyUs, ed25519VerifyUs] = [signatures.p256.medianUs(), signatures.ed25519.medianUs()];
  const unavoidableUs = 2 * echoCpuUsPerRequest + guestAgentCallCpuUs + 2 * p256VerifyUs + ed25519VerifyUs;
  return {
    conversationsPerSecond: sorted.length / seconds,
    getKeyP50Ms: quantile(sorted, 0.5),
    getKeyP99Ms: quantile(sorted, 0.99),
    cpuUsPerConversation,
    echoCpuUsPerRequest,
    guestAgentCallCpuUs,
    p256VerifyUs,
    ed25519VerifyUs,
    overheadRatio: cpuUsPerConversation / unavoidableUs,
    rssMiB: await kms.rssMiB(),
    rssMiBOverTime,
  };
}

const { values } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    conversations: { type: "string", default: "10000" },
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
// What is measured is what ships: one file, without the sources and their translation.
const service = join(directory, BUNDLE_NAME);
await writeFile(service, (await bundleService(BUILD)).code);
const environment = {
  LISTEN_ADDR: "127.0.0.1:0",
  DSTACK_SOCKET_PATH: dstackSocketPath,
  SIMULATED_ROOT_CA_FILE: files.root,
  PCCS_URL: simulator.url,
  MERO_KMS_POLICY_FILE: files.policy,
  MERO_KMS_PROFILE: PROFILE,
  MAX_PENDING_CHALLENGES: String(MAX_PENDING_CHALLENGES),
};

/** What the image gives Node before the name of the bundle, and the C library: the service is measured as it is started there. */
async function imageSetup(): Promise<{
  readonly flags: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}> {
  const dockerfile = await readFile(scriptPath("../image/Dockerfile"), "utf8");
  const entrypoint = /^ENTRYPOINT (\[.*\])$/m.exec(dockerfile)?.[1];
  const words: unknown = JSON.parse(entrypoint ?? "null");
  if (!Array.isArray(words)) throw new Error("the Dockerfile has no ENTRYPOINT");
  const env = Array.from(dockerfile.matchAll(/^ENV (\w+)=(.*)$/gm), ([, name = "", value = ""]) => [name, value]);
  return { flags: words.slice(1, -1).map(String), env: Object.fromEntries(env) };
}
const image = await imageSetup();

async function measureService(extra: Readonly<Record<string, string>>): Promise<Costs> {
  const programs = {
    kms: await startProgram([...image.flags, service], { ...image.env, ...environment, ...extra }, listening),
    echo: await startProgram([scriptPath("echo-server.ts")], {}, (line) => line),
    agentCalls: await startProgram(
      [scriptPath("guest-agent-calls.ts")],
      { DSTACK_SOCKET_PATH: dstackSocketPath },
      (line) => line,
    ),
  };
  try {
    return await measure(programs, platform, conversations);
  } finally {
    for (const program of Object.values(programs)) await program.stop();
  }
}

progress(`${conversations} conversations, spent challenges in memory`);
const inMemory = await measureService({});
let withRedis: Costs | null = null;
if (!values["no-redis"] && REDIS_SERVER !== null) {
  progress(`${conversations} conversations, spent challenges in Redis`);
  const redis = await startRedis({ args: ["--maxmemory-policy", "noeviction"] });
  withRedis = await measureService({ REDIS_URL: `redis://127.0.0.1:${redis.port}` });
  await redis.close();
}
await simulator.close();
await rm(directory, { recursive: true, force: true });

const report = {
  schemaVersion: 1,
  node: process.version,
  nodeFlags: image.flags,
  imageEnvironment: image.env,
  conversations,
  maxPendingChallenges: MAX_PENDING_CHALLENGES,
  ...inMemory,
  redis: withRedis,
};
if (values.json) {
  process.stdout.write(`${JSON.stringify(report)}\n`);
} else {
  const column = (costs: Costs | null): readonly string[] =>
    costs === null
      ? Array<string>(10).fill("not run")
      : [
          costs.conversationsPerSecond.toFixed(0),
          `${costs.getKeyP50Ms.toFixed(1)} ms`,
          `${costs.getKeyP99Ms.toFixed(1)} ms`,
          `${costs.cpuUsPerConversation.toFixed(0)} µs`,
          `${costs.echoCpuUsPerRequest.toFixed(0)} µs`,
          `${costs.guestAgentCallCpuUs.toFixed(0)} µs`,
          `${costs.p256VerifyUs.toFixed(0)} µs`,
          `${costs.ed25519VerifyUs.toFixed(0)} µs`,
          costs.overheadRatio.toFixed(2),
          `${costs.rssMiB.toFixed(0)} MiB`,
        ];
  const labels = [
    "conversations per second",
    "get-key, median",
    "get-key, 99th percentile",
    "processor time of one conversation",
    "of one bare request",
    "of one call of the guest agent",
    "of one P-256 verification",
    "of one Ed25519 verification",
    "conversation / unavoidable",
    "resident memory at the end",
  ];
  const [memory, redis] = [column(report), column(withRedis)];
  process.stdout.write(`| | in memory | with Redis |\n| --- | ---: | ---: |\n`);
  for (const [index, label] of labels.entries()) {
    process.stdout.write(`| ${label} | ${memory[index]} | ${redis[index]} |\n`);
  }
}
