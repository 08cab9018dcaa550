import { ok } from "@mero-tee/tdx-quote/result";
import { failure } from "@mero-tee/tdx-quote";
import { nodeReportData, parsePeerId, peerIdFromPublicKey } from "@mero-tee/kms-protocol";
import { createSimulatedPlatform } from "@mero-tee/tee-simulator";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  fakeAgent,
  type GetKeyBody,
  type Harness,
  keyOf,
  makePeer,
  mockQuote,
  nodeQuote,
  NOW,
  platform,
  quoteWith,
  startHarness,
} from "./harness.ts";
import { peerFromSeed, signRequest } from "./peers.ts";

const peer = makePeer();
const stranger = makePeer();
let harness: Harness;

beforeEach(async () => {
  harness = await startHarness();
});

afterEach(async () => {
  await harness.app.close();
});

function flipLastByte(base64: string): string {
  const bytes = Buffer.from(base64, "base64");
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  return bytes.toString("base64");
}

describe("a genuine node", () => {
  test("receives the key that dstack derives for its path, as 64 hex digits and nothing else", async () => {
    const answer = await harness.post("/get-key", await harness.request(peer));
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toEqual({ key: keyOf(`merod/storage/locked-read-only/${peer.peerId}`) });
    expect(answer.headers).toMatchObject({
      "cache-control": "no-store",
      "content-type": "application/json",
    });
  });

  test("receives the same key again with a new challenge", async () => {
    const [first, second] = [
      await harness.post("/get-key", await harness.request(peer)),
      await harness.post("/get-key", await harness.request(peer)),
    ];
    expect(first.json()).toEqual(second.json());
  });

  test.each([
    { version: 4, bodyType: 2 },
    { version: 5, bodyType: 2 },
    { version: 5, bodyType: 3 },
  ] as const)("may quote in version $version with body type $bodyType", async (options) => {
    const answer = await harness.post("/get-key", await harness.request(peer, { quote: quoteWith(options) }));
    expect(answer.statusCode).toBe(200);
  });

  test("may send the challenge id in upper case, and signs what it sends", async () => {
    const { challengeId, nonce } = await harness.challenge(peer);
    const request = await harness.request(peer);
    const sent = challengeId.toUpperCase();
    const quote = await nodeQuote(nodeReportData(nonce, peer.peerId));
    const answer = await harness.post("/get-key", {
      ...request,
      challengeId: sent,
      quoteB64: Buffer.from(quote).toString("base64"),
      signatureB64: signRequest(peer, sent, nonce, quote),
    });
    expect(answer.statusCode).toBe(200);
  });

  test("uses the key path of the configured prefix and profile", async () => {
    const other = await startHarness({ env: { KEY_NAMESPACE_PREFIX: "/other/place/" } });
    const answer = await other.post("/get-key", await other.request(peer));
    expect(answer.json()).toEqual({ key: keyOf(`other/place/locked-read-only/${peer.peerId}`) });
    await other.app.close();
  });
});

/** A request over another quote, rightly signed, so that only the quote is wrong. */
function requestWith(h: Harness, quote: (reportData: Uint8Array) => Promise<Uint8Array>): Promise<GetKeyBody> {
  return h.request(peer, { quote });
}

/** One row for each check: a request that fails there and nowhere before. */
const STEPS: readonly {
  readonly step: number;
  readonly name: string;
  readonly status: number;
  readonly tag: string;
  readonly request: (harness: Harness) => Promise<GetKeyBody>;
}[] = [
  {
    step: 1,
    name: "a peer id with a blank",
    status: 400,
    tag: "invalid_peer_id",
    request: async (h) => ({ ...(await h.request(peer)), peerId: ` ${peer.peerId}` }),
  },
  {
    step: 2,
    name: "a dashed challenge id",
    status: 401,
    tag: "invalid_challenge",
    request: async (h) => ({ ...(await h.request(peer)), challengeId: "00000000-0000-4000-8000-000000000000" }),
  },
  {
    step: 4,
    name: "a quote in URL-safe base64",
    status: 400,
    tag: "invalid_request",
    request: async (h) => ({ ...(await h.request(peer)), quoteB64: "_-8=" }),
  },
  {
    step: 5,
    name: "a challenge of another peer",
    status: 401,
    tag: "invalid_challenge",
    request: async (h) => ({ ...(await h.request(peer)), challengeId: (await h.challenge(stranger)).challengeId }),
  },
  {
    step: 6,
    name: "a public key without padding",
    status: 400,
    tag: "invalid_peer_public_key",
    request: async (h) => ({ ...(await h.request(peer)), peerPublicKeyB64: "AAA" }),
  },
  {
    step: 7,
    name: "a signature with a line break",
    status: 401,
    tag: "invalid_signature",
    request: async (h) => {
      const body = await h.request(peer);
      return { ...body, signatureB64: `${body.signatureB64}\n` };
    },
  },
  {
    step: 8,
    name: "a public key of another type",
    status: 400,
    tag: "invalid_peer_public_key",
    request: async (h) => ({
      ...(await h.request(peer)),
      peerPublicKeyB64: Buffer.from([8, 2, 18, 0]).toString("base64"),
    }),
  },
  {
    step: 9,
    name: "the public key of another peer",
    status: 401,
    tag: "peer_identity_mismatch",
    request: async (h) => ({ ...(await h.request(peer)), peerPublicKeyB64: stranger.publicKeyB64 }),
  },
  {
    step: 10,
    name: "a signature with one bit flipped",
    status: 401,
    tag: "invalid_signature",
    request: async (h) => {
      const body = await h.request(peer);
      const bytes = Buffer.from(body.signatureB64, "base64");
      bytes[0] = (bytes[0] ?? 0) ^ 1;
      return { ...body, signatureB64: bytes.toString("base64") };
    },
  },
  {
    step: 11,
    name: "a mock quote",
    status: 401,
    tag: "mock_attestation_rejected",
    request: (h) => h.request(peer, { quote: mockQuote }),
  },
  {
    step: 12,
    name: "a quote cut inside the TD report",
    status: 401,
    tag: "attestation_verification_failed",
    request: (h) => requestWith(h, async (reportData) => (await nodeQuote(reportData)).subarray(0, 600)),
  },
  {
    step: 14,
    name: "a quote over another nonce",
    status: 401,
    tag: "invalid_challenge",
    request: (h) =>
      requestWith(h, (reportData) => nodeQuote(reportData.map((byte, index) => (index === 31 ? byte ^ 1 : byte)))),
  },
  {
    step: 15,
    name: "a quote over another peer id",
    status: 401,
    tag: "peer_id_mismatch",
    request: (h) =>
      requestWith(h, (reportData) => nodeQuote(reportData.map((byte, index) => (index === 63 ? byte ^ 1 : byte)))),
  },
  {
    step: 16,
    name: "a quote whose signed bytes were changed",
    status: 401,
    tag: "attestation_verification_failed",
    request: (h) =>
      requestWith(h, async (reportData) => {
        const quote = (await nodeQuote(reportData)).slice();
        quote[48 + 136] = (quote[48 + 136] ?? 0) ^ 1;
        return quote;
      }),
  },
  {
    step: 16,
    name: "a quote of a TD that can be debugged",
    status: 401,
    tag: "attestation_verification_failed",
    request: (h) => requestWith(h, quoteWith({ report: { tdAttributes: "0100001000000000" } })),
  },
  {
    step: 18,
    name: "a quote with another RTMR2",
    status: 403,
    tag: "measurement_policy_rejected",
    request: (h) => requestWith(h, quoteWith({ report: { rtmr2: "00".repeat(48) } })),
  },
  {
    step: 18,
    name: "a node of another profile",
    status: 403,
    tag: "measurement_policy_rejected",
    request: (h) => requestWith(h, quoteWith({ profile: "debug" })),
  },
  {
    step: 18,
    name: "a KMS that poses as a node",
    status: 403,
    tag: "measurement_policy_rejected",
    request: (h) => requestWith(h, quoteWith({ role: "kms" })),
  },
];

describe("each check answers with its status and tag", () => {
  test.each(STEPS)("$step: $name → $status $tag", async ({ request, status, tag }) => {
    const answer = await harness.post("/get-key", await request(harness));
    expect(answer.json()).toMatchObject({ error: tag });
    expect(answer.statusCode).toBe(status);
    expect(answer.headers["cache-control"]).toBe("no-store");
  });

  test("3: no policy → 503 policy_not_ready, with a reason", async () => {
    const other = await startHarness({ env: { USE_ENV_POLICY: "false" } });
    const answer = await other.post("/get-key", await other.request(peer));
    expect(answer.statusCode).toBe(503);
    expect(answer.json()).toEqual({ error: "policy_not_ready", details: "no policy is configured" });
    await other.app.close();
  });

  test("5: the store is out of reach → 503 challenge_store_unavailable", async () => {
    const body = await harness.request(peer);
    const unavailable = { ok: false, error: "challenge-store-unavailable" } as const;
    const challenges = { issue: async () => unavailable, open: () => unavailable };
    const other = await startHarness({ deps: { challenges } });
    const answer = await other.post("/get-key", body);
    expect(answer.json()).toMatchObject({ error: "challenge_store_unavailable" });
    expect(Number(answer.headers["retry-after"])).toBeGreaterThan(0);
    expect((await other.post("/challenge", { peerId: peer.peerId })).statusCode).toBe(503);
    await other.app.close();
  });

  test("13: no collateral → 503 collateral_unavailable", async () => {
    const unavailable = { ok: false, error: failure("fetch", "fetch-status", { actual: 500 }) } as const;
    const other = await startHarness({ fetchCollateral: () => Promise.resolve(unavailable) });
    const answer = await other.post("/get-key", await other.request(peer));
    expect(answer.statusCode).toBe(503);
    expect(answer.json()).toMatchObject({ error: "collateral_unavailable" });
    await other.app.close();
  });

  test("17: a TCB status that is not listed → 403 tcb_status_rejected", async () => {
    const other = await startHarness({ env: { ALLOWED_TCB_STATUSES: "OutOfDate" } });
    const answer = await other.post("/get-key", await other.request(peer));
    expect(answer.statusCode).toBe(403);
    expect(answer.json()).toEqual({ error: "tcb_status_rejected", details: "TCB status UpToDate is not allowed" });
    await other.app.close();
  });

  test("17: a platform that falls short is refused, and the log names the component and the SVNs", async () => {
    const before = harness.logs.length;
    const report = { teeTcbSvn: `040102${"00".repeat(13)}` };
    const answer = await harness.post("/get-key", await harness.request(peer, { quote: quoteWith({ report }) }));
    expect(answer.statusCode).toBe(403);
    // The answer on the wire names the status and nothing else.
    expect(answer.json()).toEqual({ error: "tcb_status_rejected", details: "TCB status OutOfDate is not allowed" });
    const lines = harness.logs.slice(before).map((line): Record<string, unknown> => JSON.parse(line));
    expect(lines).toContainEqual(
      expect.objectContaining({
        code: "tcb-status-refused",
        cause: "tdx[2] is 2, needs 3; tdx-module is 4, needs 6",
      }),
    );
  });

  test("16: a platform below every level is refused, and the answer names the component and the SVNs", async () => {
    const report = { teeTcbSvn: `060101${"00".repeat(13)}` };
    const answer = await harness.post("/get-key", await harness.request(peer, { quote: quoteWith({ report }) }));
    expect(answer.statusCode).toBe(401);
    expect(answer.json<{ details: string }>().details).toContain("tdx[2] is 1, needs 2");
  });

  test("18: names the first register that differs and the value seen", async () => {
    const report = { rtmr1: "11".repeat(48), rtmr3: "33".repeat(48) };
    const answer = await harness.post("/get-key", await harness.request(peer, { quote: quoteWith({ report }) }));
    expect(answer.json<{ details: string }>().details).toContain(`rtmr1 is ${"11".repeat(48)}`);
  });

  test.each(["agent-unavailable", "agent-timeout", "agent-answer-malformed"] as const)(
    "19: %s → 500 key_derivation_failed, and nothing about why",
    async (code) => {
      const agent = {
        ...fakeAgent(),
        deriveKey: async () => ({ ok: false, error: { code, reason: "/var/run/x" } }) as const,
      };
      const other = await startHarness({ deps: { agent } });
      const answer = await other.post("/get-key", await other.request(peer));
      expect(answer.statusCode).toBe(500);
      expect(answer.json()).toEqual({ error: "key_derivation_failed" });
      await other.app.close();
    },
  );
});

/** A quote over other report data, with the byte `change` flipped, and with a broken signature besides. */
function brokenQuote(change: number): (reportData: Uint8Array) => Promise<Uint8Array> {
  return async (reportData) => {
    const quote = (await nodeQuote(reportData.map((byte, index) => (index === change ? byte ^ 1 : byte)))).slice();
    quote[48 + 136] = (quote[48 + 136] ?? 0) ^ 1;
    return quote;
  };
}

describe("the order of the checks", () => {
  /** Makes one more thing wrong with a request, without mending what is. */
  const SPOILS: readonly { readonly step: number; readonly spoil: (body: GetKeyBody) => GetKeyBody }[] = [
    { step: 1, spoil: (body) => ({ ...body, peerId: "Qm" }) },
    { step: 2, spoil: (body) => ({ ...body, challengeId: "nope" }) },
    { step: 4, spoil: (body) => ({ ...body, quoteB64: "*" }) },
    { step: 5, spoil: (body) => ({ ...body, challengeId: "ab".repeat(16) }) },
    { step: 6, spoil: (body) => ({ ...body, peerPublicKeyB64: "*" }) },
    { step: 7, spoil: (body) => ({ ...body, signatureB64: "*" }) },
    { step: 8, spoil: (body) => ({ ...body, peerPublicKeyB64: "AAAA" }) },
    { step: 9, spoil: (body) => ({ ...body, peerPublicKeyB64: stranger.publicKeyB64 }) },
    { step: 10, spoil: (body) => ({ ...body, signatureB64: flipLastByte(body.signatureB64) }) },
  ];
  const answerOf = new Map(STEPS.map(({ step, status, tag }) => [step, { status, tag }]));

  test.each(
    SPOILS.flatMap(({ step: early, spoil }) =>
      STEPS.filter(({ step }) => step > early).map(({ step: late, name, request }) => ({
        early,
        late,
        name,
        spoil,
        request,
      })),
    ),
  )("$early answers before $late ($name)", async ({ early, spoil, request }) => {
    const answer = await harness.post("/get-key", spoil(await request(harness)));
    expect({ status: answer.statusCode, tag: answer.json<{ error: string }>().error }).toEqual(answerOf.get(early));
  });

  test("3 answers after 2 and before 4", async () => {
    const other = await startHarness({ env: { USE_ENV_POLICY: "false" } });
    const body = await other.request(peer);
    expect((await other.post("/get-key", { ...body, challengeId: "x" })).json()).toMatchObject({
      error: "invalid_challenge",
    });
    expect((await other.post("/get-key", { ...body, quoteB64: "*" })).json()).toMatchObject({
      error: "policy_not_ready",
    });
    await other.app.close();
  });

  test("14 and 15 answer before 13 and 16: a replayed quote costs no fetch and no curve", async () => {
    let fetches = 0;
    const other = await startHarness({
      fetchCollateral: async () => {
        fetches += 1;
        return ok(await platform.collateral());
      },
    });
    const nonce = await other.post("/get-key", await other.request(peer, { quote: brokenQuote(0) }));
    expect(nonce.json()).toMatchObject({ error: "invalid_challenge" });
    const peerHash = await other.post("/get-key", await other.request(peer, { quote: brokenQuote(40) }));
    expect(peerHash.json()).toMatchObject({ error: "peer_id_mismatch" });
    expect(fetches).toBe(0);
    await other.app.close();
  });

  test("a quote of a made-up platform makes nobody fetch anything", async () => {
    const madeUp = await createSimulatedPlatform({ seed: "made up", now: NOW, fmspc: "aabbccddeeff" });
    let fetches = 0;
    const other = await startHarness({
      fetchCollateral: async () => {
        fetches += 1;
        return ok(await madeUp.collateral());
      },
    });
    const body = await other.request(peer, {
      quote: async (reportData) => (await madeUp.issueQuote({ reportData })).quote,
    });
    const answer = await other.post("/get-key", body);
    expect(answer.statusCode).toBe(401);
    expect(answer.json()).toMatchObject({ error: "attestation_verification_failed" });
    expect(fetches).toBe(0);
    await other.app.close();
  });

  test("17 answers before 18", async () => {
    const other = await startHarness({ env: { ALLOWED_TCB_STATUSES: "OutOfDate" } });
    const answer = await other.post("/get-key", await other.request(peer, { quote: quoteWith({ profile: "debug" }) }));
    expect(answer.json()).toMatchObject({ error: "tcb_status_rejected" });
    await other.app.close();
  });

  test("nothing derives a key after a failed step", async () => {
    const paths: string[] = [];
    const agent = fakeAgent();
    const watched = { ...agent, deriveKey: (path: string) => (paths.push(path), agent.deriveKey(path)) };
    const other = await startHarness({ deps: { agent: watched } });
    for (const { request } of STEPS)
      expect((await other.post("/get-key", await request(other))).statusCode).not.toBe(200);
    expect(paths).toEqual([]);
    await other.app.close();
  });
});

describe("a challenge", () => {
  test.each(STEPS.filter(({ step }) => step < 5))("stays usable after $step: $name", async ({ step }) => {
    const body = await harness.request(peer);
    const spoilt = { 1: { peerId: "x" }, 2: { challengeId: "x" }, 4: { quoteB64: "*" } }[step];
    expect((await harness.post("/get-key", { ...body, ...spoilt })).statusCode).not.toBe(200);
    expect((await harness.post("/get-key", body)).statusCode).toBe(200);
  });

  test.each(STEPS.filter(({ step }) => step > 5))("is spent after $step: $name", async ({ request }) => {
    const body = await request(harness);
    await harness.post("/get-key", body);
    const again = await harness.post("/get-key", body);
    expect(again.statusCode).toBe(401);
    expect(again.json()).toMatchObject({ error: "invalid_challenge" });
  });

  test("is spent by a success", async () => {
    const body = await harness.request(peer);
    expect((await harness.post("/get-key", body)).statusCode).toBe(200);
    expect((await harness.post("/get-key", body)).json()).toMatchObject({ error: "invalid_challenge" });
  });

  test("has one winner among simultaneous requests", async () => {
    const body = await harness.request(peer);
    const answers = await Promise.all(Array.from({ length: 20 }, () => harness.post("/get-key", body)));
    expect(answers.filter(({ statusCode }) => statusCode === 200)).toHaveLength(1);
    expect(answers.filter(({ statusCode }) => statusCode === 401)).toHaveLength(19);
  });

  test("is void after a restart", async () => {
    const body = await harness.request(peer);
    const restarted = await startHarness();
    expect((await restarted.post("/get-key", body)).json()).toMatchObject({ error: "invalid_challenge" });
    await restarted.app.close();
  });

  test("is void when it has expired", async () => {
    const body = await harness.request(peer);
    harness.clock.advance(60);
    expect((await harness.post("/get-key", body)).json()).toMatchObject({ error: "invalid_challenge" });
  });
});

describe("releases in flight", () => {
  test("are bounded, and a refused request keeps its challenge", async () => {
    const gate = Promise.withResolvers<void>();
    const agent = fakeAgent();
    const atAgent = Promise.withResolvers<void>();
    const slow = {
      ...agent,
      deriveKey: async (path: string) => {
        atAgent.resolve();
        await gate.promise;
        return agent.deriveKey(path);
      },
    };
    const other = await startHarness({ env: { MAX_RELEASES_WAITING: "0" }, deps: { agent: slow } });
    // Fewer may wait for collateral than there are slots; it is at hand once a first request has come this far.
    const first = other.post("/get-key", await other.request(peer));
    await atAgent.promise;
    const bodies = await Promise.all(Array.from({ length: 96 }, () => other.request(peer)));
    const [last, ...others] = bodies;
    const held = [first, ...others.map((body) => other.post("/get-key", body))];
    // The 96 hold their slots from their first turn on, so the next one is refused while they wait for the agent.
    const refused = await other.post("/get-key", last);
    expect(refused.statusCode).toBe(429);
    expect(refused.json()).toMatchObject({ error: "rate_limited" });
    gate.resolve();
    expect((await Promise.all(held)).every(({ statusCode }) => statusCode === 200)).toBe(true);
    expect((await other.post("/get-key", last)).statusCode).toBe(200);
    await other.app.close();
  });
});

describe("mock quotes, where the operator accepts them", () => {
  let mocks: Harness;

  beforeEach(async () => {
    mocks = await startHarness({ env: { ACCEPT_MOCK_ATTESTATION: "true" } });
  });

  afterEach(async () => {
    await mocks.app.close();
  });

  test("earn the same key as a real quote, with a warning in the log", async () => {
    const answer = await mocks.post("/get-key", await mocks.request(peer, { quote: mockQuote }));
    expect(answer.json()).toEqual({ key: keyOf(`merod/storage/locked-read-only/${peer.peerId}`) });
    expect(mocks.logs.filter((line) => line.includes("mock quote") && line.includes('"level":40'))).toHaveLength(1);
  });

  test.each([
    { at: 31, tag: "invalid_challenge" },
    { at: 63, tag: "peer_id_mismatch" },
  ])("still commit to challenge and peer (byte $at)", async ({ at, tag }) => {
    const quote = (reportData: Uint8Array) =>
      mockQuote(reportData.map((byte, index) => (index === at ? byte ^ 1 : byte)));
    expect((await mocks.post("/get-key", await mocks.request(peer, { quote }))).json()).toMatchObject({ error: tag });
  });

  test.each([
    { length: 81, status: 200 },
    { length: 80, status: 401 },
  ])("of $length bytes answer $status", async ({ length, status }) => {
    const quote = async (reportData: Uint8Array) => (await mockQuote(reportData)).subarray(0, length);
    expect((await mocks.post("/get-key", await mocks.request(peer, { quote }))).statusCode).toBe(status);
  });

  test("do not spare a real quote its checks", async () => {
    const answer = await mocks.post("/get-key", await mocks.request(peer, { quote: quoteWith({ profile: "debug" }) }));
    expect(answer.json()).toMatchObject({ error: "measurement_policy_rejected" });
  });

  test("need a policy like any other", async () => {
    const other = await startHarness({ env: { ACCEPT_MOCK_ATTESTATION: "true", USE_ENV_POLICY: "false" } });
    const answer = await other.post("/get-key", await other.request(peer, { quote: mockQuote }));
    expect(answer.json()).toMatchObject({ error: "policy_not_ready" });
    await other.app.close();
  });
});

describe("without enforcement", () => {
  test("a quote is verified, and neither status nor registers are looked at", async () => {
    const other = await startHarness({
      env: { ENFORCE_MEASUREMENT_POLICY: "false", ALLOWED_TCB_STATUSES: "OutOfDate" },
    });
    const foreign = await other.request(peer, { quote: quoteWith({ profile: "debug" }) });
    expect((await other.post("/get-key", foreign)).statusCode).toBe(200);
    const debuggable = await other.request(peer, {
      quote: quoteWith({ report: { tdAttributes: "0100001000000000" } }),
    });
    expect((await other.post("/get-key", debuggable)).statusCode).toBe(401);
    await other.app.close();
  });

  test("a policy with an empty list rejects real quotes where mocks are accepted", async () => {
    const other = await startHarness({ env: { ACCEPT_MOCK_ATTESTATION: "true", ALLOWED_RTMR3: "" } });
    const answer = await other.post("/get-key", await other.request(peer));
    expect(answer.json()).toMatchObject({ error: "measurement_policy_rejected" });
    await other.app.close();
  });
});

describe("time of judgement", () => {
  test("a clock behind the newest accepted collateral serves no key", async () => {
    expect((await harness.post("/get-key", await harness.request(peer))).statusCode).toBe(200);
    harness.clock.wall -= 30 * 86_400_000;
    const answer = await harness.post("/get-key", await harness.request(peer));
    expect(answer.statusCode).not.toBe(200);
  });
});

describe("the protocol's vector", () => {
  test("peer id and payload are those that other implementations compute", async () => {
    const vector = peerFromSeed(Uint8Array.from({ length: 32 }, (_, index) => index));
    expect(vector.peerId).toBe("12D3KooWA4Xop1JaT3MHxwYMkCepYsv4iPVopMXwCz5iHYdBfeSB");
    expect(parsePeerId(vector.peerId)).toEqual({ ok: true, value: vector.peerId });
    expect(peerIdFromPublicKey(Buffer.from(vector.publicKeyB64, "base64").subarray(4))).toBe(vector.peerId);
    const answer = await harness.post("/get-key", await harness.request(vector));
    expect(answer.json()).toEqual({ key: keyOf(`merod/storage/locked-read-only/${vector.peerId}`) });
  });
});
