import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Harness, makePeer, NOW, startHarness } from "./harness.ts";

const peer = makePeer();
let harness: Harness;

beforeAll(async () => {
  harness = await startHarness({ env: { USE_ENV_POLICY: "false" } });
});

afterAll(async () => {
  await harness.app.close();
});

describe("POST /challenge", () => {
  test("answers an id in UUID v4 shape, a nonce of 32 bytes and the expiry, without any policy", async () => {
    const answer = await harness.post("/challenge", { peerId: peer.peerId });
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toEqual({
      challengeId: expect.stringMatching(/^[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}$/),
      nonceB64: expect.stringMatching(/^[A-Za-z0-9+/]{43}=$/),
      expiresAt: NOW + 60,
    });
  });

  test("takes the lifetime from the configuration", async () => {
    const other = await startHarness({ env: { CHALLENGE_TTL_SECS: "3600" } });
    const answer = await other.post("/challenge", { peerId: peer.peerId });
    expect(answer.json()).toMatchObject({ expiresAt: NOW + 3600 });
    await other.app.close();
  });

  test.each([
    { name: "the empty text", peerId: "" },
    { name: "a blank before", peerId: ` ${peer.peerId}` },
    { name: "a line break after", peerId: `${peer.peerId}\n` },
    { name: "a character less", peerId: peer.peerId.slice(0, -1) },
    { name: "a character more", peerId: `${peer.peerId}1` },
    { name: "characters outside of base58", peerId: `${peer.peerId.slice(0, -1)}0` },
    { name: "a SHA-256 multihash", peerId: "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N" },
    { name: "a CID", peerId: "bafzaajaiaejcbvz3eqd5kxxpqv2dwehuwwz5ps5bqcmtyrmrqimgxgxqdqvsnr6e" },
    { name: "fifty-two letters", peerId: "1".repeat(52) },
    { name: "a path", peerId: "../../".padEnd(52, "a") },
    { name: "half of a surrogate pair", peerId: `${peer.peerId.slice(0, -1)}\ud800` },
  ])("refuses $name with 400 invalid_peer_id", async ({ peerId }) => {
    const answer = await harness.post("/challenge", { peerId });
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toMatchObject({ error: "invalid_peer_id" });
  });

  test("answers 429 rate_limited where the store has no room", async () => {
    const challenges = {
      issue: async () => ({ ok: false, error: "rate-limited" }) as const,
      open: () => ({ ok: false, error: "rate-limited" }) as const,
    };
    const other = await startHarness({ deps: { challenges } });
    const answer = await other.post("/challenge", { peerId: peer.peerId });
    expect(answer.statusCode).toBe(429);
    expect(answer.json()).toMatchObject({ error: "rate_limited" });
    await other.app.close();
  });
});

describe("a flood of requests for challenges", () => {
  test("for strangers and for the victim's own peer id leaves the victim served", async () => {
    const other = await startHarness({ env: { MAX_PENDING_CHALLENGES: "5" } });
    const before = await other.request(peer);
    for (let index = 0; index < 100; index += 1) await other.challenge(index % 2 === 0 ? peer : makePeer());
    expect((await other.post("/get-key", before)).statusCode).toBe(200);
    expect((await other.post("/get-key", await other.request(peer))).statusCode).toBe(200);
    await other.app.close();
  });

  test("that fills the spent set with failures refuses no honest node", async () => {
    const other = await startHarness({ env: { MAX_PENDING_CHALLENGES: "5" } });
    const attacker = makePeer();
    for (let index = 0; index < 50; index += 1) {
      const { challengeId } = await other.challenge(attacker);
      const junk = { challengeId, quoteB64: "AAAA", peerId: attacker.peerId, peerPublicKeyB64: "*", signatureB64: "*" };
      expect((await other.post("/get-key", junk)).statusCode).toBe(400);
    }
    expect((await other.post("/get-key", await other.request(peer))).statusCode).toBe(200);
    await other.app.close();
  });

  test("cannot make room by evicting a released key's challenge: that answers 429, the challenge unspent", async () => {
    const other = await startHarness({ env: { MAX_PENDING_CHALLENGES: "2" } });
    for (let index = 0; index < 2; index += 1) {
      expect((await other.post("/get-key", await other.request(peer))).statusCode).toBe(200);
    }
    const waiting = await other.request(peer);
    const refused = await other.post("/get-key", waiting);
    expect(refused.statusCode).toBe(429);
    expect(refused.json()).toMatchObject({ error: "rate_limited" });
    await other.app.close();
  });
});
