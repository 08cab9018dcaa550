import { makeMockQuote, nodeReportData, SecretBytes } from "@mero-tee/kms-protocol";
import { parseQuote } from "@mero-tee/tdx-quote";
import { toBase64 } from "@mero-tee/tdx-quote/base64";
import type { FetchCollateral } from "@mero-tee/tdx-quote/collateral";
import { ok } from "@mero-tee/tdx-quote/result";
import { createSimulatedPlatform, type IssueQuoteOptions, type SimulatedPlatform } from "@mero-tee/tee-simulator";
import type { FastifyInstance, LightMyRequestResponse } from "fastify";
import { expect } from "vitest";
import { type AppDeps, buildApp } from "../src/app.ts";
import { createChallengeClock } from "../src/challenge/challenge-clock.ts";
import { createMemoryChallengeStore } from "../src/challenge/memory-challenge-store.ts";
import type { Environment } from "../src/config/settings.ts";
import { createEvidence, type Evidence } from "../src/evidence.ts";
import type { GuestAgent } from "../src/guest-agent.ts";
import { choosePolicySource } from "../src/policy/choose-policy-source.ts";
import { createPolicyHolder } from "../src/policy/policy-holder.ts";
import { configOf } from "./config/environment.ts";
import { manualClock, type ManualClock } from "./manual-clock.ts";
import { makePeer, type Peer, signRequest } from "./peers.ts";

/** 2026-06-01T00:00:00Z. */
export const NOW = 1_780_272_000;

/** The machine that all tests share: made once, from a seed. */
export const platform: SimulatedPlatform = await createSimulatedPlatform({ seed: "kms-phala", now: NOW });

/** The policy of the simulated platform's nodes, as environment variables. */
function environmentPolicy(): Record<string, string> {
  const { mrtd, rtmr0, rtmr1, rtmr2, rtmr3 } = platform.measurementsFor("node", "locked-read-only");
  return {
    USE_ENV_POLICY: "true",
    ALLOWED_MRTD: mrtd,
    ALLOWED_RTMR0: rtmr0,
    ALLOWED_RTMR1: rtmr1,
    ALLOWED_RTMR2: rtmr2,
    ALLOWED_RTMR3: rtmr3,
  };
}

/** A guest agent in memory, backed by a simulated guest. */
export function fakeAgent(): GuestAgent {
  const guest = platform.bootGuest("locked-read-only");
  return {
    async quote(reportData) {
      const { quote } = await guest.quote(reportData);
      const parsed = parseQuote(quote);
      if (!parsed.ok) throw new Error(parsed.error.code);
      const eventLogText = guest.eventLog();
      const eventLog: unknown[] = JSON.parse(eventLogText);
      return ok({ quote: parsed.value, bytes: quote, eventLogText, eventLog, vmConfig: '{"cpu":4}' });
    },
    deriveKey: (path) => Promise.resolve(ok(new SecretBytes(new Uint8Array(guest.keyFor(path))))),
    tlsKey: () => Promise.resolve({ ok: false, error: { code: "agent-unavailable", reason: "no TLS in memory" } }),
    emitEvent(name, payload) {
      guest.extend(name, payload);
      return Promise.resolve(ok(null));
    },
  };
}

/** The key that the simulated application has for a path. */
export function keyOf(path: string): string {
  return Buffer.from(platform.bootGuest("locked-read-only").keyFor(path)).toString("hex");
}

/** What a get-key request consists of. */
export type GetKeyBody = Record<"challengeId" | "quoteB64" | "peerId" | "peerPublicKeyB64" | "signatureB64", string>;

export interface Harness {
  readonly app: FastifyInstance;
  readonly clock: ManualClock;
  /** What verifies quotes, unless the dependencies name another. */
  readonly evidence: Evidence;
  /** Every log line. */
  readonly logs: string[];
  post(path: string, body: unknown): Promise<LightMyRequestResponse>;
  /** Takes a challenge for a peer. */
  challenge(peer: Peer): Promise<{ challengeId: string; nonce: Uint8Array }>;
  /** A whole get-key request: challenge, quote, signature. */
  request(peer: Peer, options?: RequestOptions): Promise<GetKeyBody>;
}

interface RequestOptions {
  /** The quote for the report data that the request must commit to; by default of a healthy node. */
  readonly quote?: (reportData: Uint8Array) => Promise<Uint8Array>;
}

export interface HarnessOptions {
  readonly env?: Environment;
  readonly deps?: Partial<AppDeps>;
  readonly fetchCollateral?: FetchCollateral;
}

/** The service over the simulated platform, with everything else as in production. */
export async function startHarness({ env = {}, deps = {}, fetchCollateral }: HarnessOptions = {}): Promise<Harness> {
  const config = configOf({ ...environmentPolicy(), ...env });
  const clock = manualClock(NOW);
  const now = (): number => Math.floor(clock.wall / 1000);
  const logs: string[] = [];
  const policy = createPolicyHolder({
    source: choosePolicySource(config, () => Promise.reject(new Error("no network"))),
    schedule: () => () => undefined,
    now,
  });
  await policy.start({ loaded: () => undefined, failed: () => undefined });
  const evidence = createEvidence({
    maxWaits: 64,
    sources: [{ name: "harness", fetchCollateral: fetchCollateral ?? (async () => ok(await platform.collateral())) }],
    now,
    rootCa: new Uint8Array(platform.rootCa),
  });
  const app = buildApp(config, {
    agent: fakeAgent(),
    policy,
    challenges: createMemoryChallengeStore({
      ttlSeconds: config.challengeTtlSeconds,
      maxSpent: config.maxPendingChallenges,
      clock: createChallengeClock(clock),
    }),
    evidence,
    logStream: { write: (line) => void logs.push(line) },
    ...deps,
  });
  await app.ready();

  // An injected request only starts once somebody waits for it; `async` waits at once.
  const post = async (path: string, body: unknown): Promise<LightMyRequestResponse> =>
    app.inject({
      method: "POST",
      url: path,
      headers: { "content-type": "application/json" },
      payload: JSON.stringify(body),
    });
  const challenge: Harness["challenge"] = async (peer) => {
    const answer = await post("/challenge", { peerId: peer.peerId });
    expect(answer.statusCode).toBe(200);
    const { challengeId, nonceB64 } = answer.json<{ challengeId: string; nonceB64: string }>();
    return { challengeId, nonce: new Uint8Array(Buffer.from(nonceB64, "base64")) };
  };
  return {
    app,
    clock,
    evidence,
    logs,
    post,
    challenge,
    async request(peer, { quote = nodeQuote } = {}) {
      const { challengeId, nonce } = await challenge(peer);
      const quoteBytes = await quote(nodeReportData(nonce, peer.peerId));
      return {
        challengeId,
        quoteB64: toBase64(quoteBytes),
        peerId: peer.peerId,
        peerPublicKeyB64: peer.publicKeyB64,
        signatureB64: signRequest(peer, challengeId, nonce, quoteBytes),
      };
    },
  };
}

/** A quote of a healthy node. */
export async function nodeQuote(reportData: Uint8Array): Promise<Uint8Array> {
  return (await platform.issueQuote({ reportData })).quote;
}

/** A quote that differs from a healthy node's. */
export function quoteWith(
  options: Omit<IssueQuoteOptions, "reportData">,
): (reportData: Uint8Array) => Promise<Uint8Array> {
  return async (reportData) => (await platform.issueQuote({ ...options, reportData })).quote;
}

/** A mock quote. */
export async function mockQuote(reportData: Uint8Array): Promise<Uint8Array> {
  return makeMockQuote(reportData);
}

export { makePeer };
