import {
  createKeySealer,
  createWrapKeyPair,
  makeMockQuote,
  nodeReportData,
  nodeWrapReportData,
  parseChallengeId,
  parseWrapKey,
  releaseReportData,
  SecretBytes,
  wrapTranscript,
} from "@mero-tee/kms-protocol";
import { fetchStorageKey, requestWrappedKey } from "@mero-tee/kms-protocol/client";
import { toHex } from "@mero-tee/tdx-quote/hex";
import { ok } from "@mero-tee/tdx-quote/result";
import { createSimulatedPlatform } from "@mero-tee/tee-simulator";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { GuestAgent } from "../../src/guest-agent.ts";
import { fakeAgent, type Harness, keyOf, nodeQuote, NOW, startHarness } from "../harness.ts";
import { clientOf, fetchWrapped, identityOf, nodeQuotes, type OnTheWay, verifyKms } from "../wrapped-conversation.ts";

const identity = await identityOf(7);
const KEY = keyOf(`merod/storage/locked-read-only/${identity.peerId}`);

/** A guest agent that remembers what it was asked for. */
interface WatchedAgent extends GuestAgent {
  readonly paths: string[];
  readonly quoted: string[];
}

function watchedAgent(change: Partial<GuestAgent> = {}): WatchedAgent {
  const agent = { ...fakeAgent(), ...change };
  const paths: string[] = [];
  const quoted: string[] = [];
  return {
    ...agent,
    paths,
    quoted,
    quote: (reportData) => (quoted.push(toHex(reportData)), agent.quote(reportData)),
    deriveKey: (path) => (paths.push(path), agent.deriveKey(path)),
  };
}

let agent: WatchedAgent;
let harness: Harness;

beforeEach(async () => {
  agent = watchedAgent();
  harness = await startHarness({ deps: { agent } });
});

afterEach(async () => {
  await harness.app.close();
});

/** A request for a sealed key that is right in every way, and the pair that opens its answer. */
async function wrappedRequest(h: Harness = harness, spoil: { readonly wrapKey?: Uint8Array<ArrayBuffer> } = {}) {
  const peer = await identityOf(7);
  const { challengeId, nonceB64 } = (await h.post("/challenge", { peerId: peer.peerId })).json<{
    challengeId: string;
    nonceB64: string;
  }>();
  const nonce = new Uint8Array(Buffer.from(nonceB64, "base64"));
  const pair = await createWrapKeyPair();
  const wrapKeyB64 = Buffer.from(spoil.wrapKey ?? pair.wrapKey).toString("base64");
  const wrapKey = parseWrapKey(wrapKeyB64);
  if (wrapKey === null) throw new Error("no wrap key");
  const quote = await nodeQuote(nodeWrapReportData(nonce, peer.peerId, wrapKey));
  let body: Record<string, unknown> = {};
  // The client's own code signs and writes the request; it is kept instead of sent.
  const client = clientOf(h, { request: (_, sent) => ((body = sent), { peerId: "kept" }) });
  await requestWrappedKey({ client, identity: peer, challenge: { challengeId, nonce }, quote, pair, verifyKms });
  return { body: { ...body, wrapKeyB64 }, nonce, challengeId, quote, pair, peer };
}

describe("a key that travels sealed", () => {
  test("reaches the node, and is the one that dstack derives for its path", async () => {
    const answers: Record<string, unknown>[] = [];
    const key = await fetchWrapped(harness, { answer: (_, body) => (answers.push(body), body) });
    expect(key.ok && key.value.use(toHex)).toBe(KEY);
    expect(agent.paths).toEqual([`merod/storage/locked-read-only/${identity.peerId}`]);
    const answer = answers.at(-1) ?? {};
    expect(Object.keys(answer)).toEqual(["wrapped", "kmsQuoteB64"]);
    // Whoever reads the connection sees nothing of it, in no spelling.
    const seen = JSON.stringify(answers);
    const bytes = Buffer.from(KEY, "hex");
    for (const text of [KEY, bytes.toString("base64"), bytes.toString("base64url")]) expect(seen).not.toContain(text);
  });

  test("is vouched for by a quote of this form and no other", async () => {
    await fetchWrapped(harness);
    const release = agent.quoted.at(-1) ?? "";
    expect(release.slice(64)).toBe(Buffer.from("mero-kms-release").toString("hex") + "00".repeat(16));
  });

  test("is another ciphertext each time", async () => {
    const seen: string[] = [];
    const onTheWay: OnTheWay = {
      answer: (path, body) => (path === "/get-key" && seen.push(JSON.stringify(body["wrapped"])), body),
    };
    const [first, second] = [await fetchWrapped(harness, onTheWay), await fetchWrapped(harness, onTheWay)];
    expect([first.ok, second.ok]).toEqual([true, true]);
    expect(new Set(seen).size).toBe(2);
  });

  test("is given on a mock quote where the operator accepts those, and only sealed", async () => {
    const mocks = await startHarness({ env: { ACCEPT_MOCK_ATTESTATION: "true", REQUIRE_KEY_WRAP: "true" } });
    const key = await fetchWrapped(mocks, {}, async (reportData) => ok(makeMockQuote(reportData)));
    expect(key.ok && key.value.use(toHex)).toBe(KEY);
    await mocks.app.close();
  });

  test("leaves nothing of itself in the log, but how it travelled", async () => {
    const logged = await startHarness({ env: { LOG_LEVEL: "trace" } });
    expect((await fetchWrapped(logged)).ok).toBe(true);
    const log = logged.logs.join("");
    expect(log).not.toContain(KEY.slice(0, 16));
    expect(log).toContain('"wire":"wrapped"');
    await logged.app.close();
  });
});

describe("the plain wire beside it", () => {
  test("is what it was for a node that does not ask", async () => {
    const answers: Record<string, unknown>[] = [];
    const client = clientOf(harness, { answer: (_, body) => (answers.push(body), body) });
    const key = await fetchStorageKey({ client, identity, quoteProvider: nodeQuotes });
    expect(key.ok && key.value.use(toHex)).toBe(KEY);
    expect(answers.at(-1)).toEqual({ key: KEY });
    expect(agent.quoted).toEqual([]);
  });

  test("is closed where keys must be sealed: 403 before anything is spent", async () => {
    const strict = await startHarness({ env: { REQUIRE_KEY_WRAP: "true" } });
    const { body, pair, nonce, challengeId, quote, peer } = await wrappedRequest(strict);
    const { wrapKeyB64: _, ...plain } = body;
    const refused = await strict.post("/get-key", plain);
    expect(refused.statusCode).toBe(403);
    expect(refused.json()).toMatchObject({ error: "key_wrap_required" });
    // Before step 2, so even a malformed id and an unloaded policy do not answer first; after step 1.
    expect((await strict.post("/get-key", { ...plain, challengeId: "x" })).json()).toMatchObject({
      error: "key_wrap_required",
    });
    expect((await strict.post("/get-key", { ...plain, peerId: "x" })).json()).toMatchObject({
      error: "invalid_peer_id",
    });
    const challenge = { challengeId, nonce };
    const key = await requestWrappedKey({
      client: clientOf(strict),
      identity: peer,
      challenge,
      quote,
      pair,
      verifyKms,
    });
    expect(key.ok && key.value.use(toHex)).toBe(KEY);
    await strict.app.close();
  });
});

describe("the KMS refuses", () => {
  test("a wrap key exchanged on the way: the node's quote commits to another", async () => {
    const mine = await createWrapKeyPair();
    const key = await fetchWrapped(harness, {
      request: (path, body) =>
        path === "/get-key" ? { ...body, wrapKeyB64: Buffer.from(mine.wrapKey).toString("base64") } : body,
    });
    expect(key).toMatchObject({ error: { stage: "get-key", failure: { status: 401, tag: "peer_id_mismatch" } } });
    expect(agent.paths).toEqual([]);
  });

  test("a field stripped on the way: a quote for the wrapped wire earns no plain key", async () => {
    const key = await fetchWrapped(harness, {
      request: (_, { wrapKeyB64: __, ...body }) => body,
    });
    expect(key).toMatchObject({ error: { stage: "get-key", failure: { status: 401, tag: "peer_id_mismatch" } } });
    expect(agent.paths).toEqual([]);
  });

  test("a field added to a plain quote", async () => {
    const mine = await createWrapKeyPair();
    const client = clientOf(harness, {
      request: (path, body) =>
        path === "/get-key" ? { ...body, wrapKeyB64: Buffer.from(mine.wrapKey).toString("base64") } : body,
    });
    const key = await fetchStorageKey({ client, identity, quoteProvider: nodeQuotes });
    expect(key).toMatchObject({ error: { stage: "get-key", failure: { status: 401, tag: "peer_id_mismatch" } } });
    expect(agent.paths).toEqual([]);
  });

  test.each([
    { name: "31 bytes", wrapKeyB64: Buffer.alloc(31, 9).toString("base64"), status: 400, tag: "invalid_wrap_key" },
    { name: "33 bytes", wrapKeyB64: Buffer.alloc(33, 9).toString("base64"), status: 400, tag: "invalid_wrap_key" },
    { name: "no base64", wrapKeyB64: "*", status: 400, tag: "invalid_wrap_key" },
    { name: "nothing", wrapKeyB64: "", status: 400, tag: "invalid_wrap_key" },
    { name: "null, which is no way to take the field back", wrapKeyB64: null, status: 422, tag: "invalid_request" },
    { name: "a list", wrapKeyB64: [1], status: 422, tag: "invalid_request" },
  ])("a wrap key of $name, and leaves the challenge good", async ({ wrapKeyB64, status, tag }) => {
    const { body } = await wrappedRequest();
    const refused = await harness.post("/get-key", { ...body, wrapKeyB64 });
    expect(refused.statusCode).toBe(status);
    expect(refused.json()).toMatchObject({ error: tag });
    expect((await harness.post("/get-key", body)).statusCode).toBe(200);
  });

  test("a malformed wrap key after step 4", async () => {
    const { body } = await wrappedRequest();
    const refused = await harness.post("/get-key", { ...body, wrapKeyB64: "*", quoteB64: "*" });
    expect(refused.json()).toMatchObject({ error: "invalid_request" });
  });

  test("two wrap keys in one request", async () => {
    const { body } = await wrappedRequest();
    const text = JSON.stringify(body).replace("{", `{"wrapKeyB64":${JSON.stringify(body.wrapKeyB64)},`);
    const refused = await harness.app.inject({
      method: "POST",
      url: "/get-key",
      headers: { "content-type": "application/json" },
      payload: text,
    });
    expect(refused.statusCode).toBe(422);
  });

  test.each([0, 1, 0xec])("a wrap key of low order (%d), before dstack is asked", async (first) => {
    const wrapKey = new Uint8Array(32).fill(first === 0xec ? 0xff : 0);
    wrapKey[0] = first;
    if (first === 0xec) wrapKey[31] = 0x7f;
    const { body } = await wrappedRequest(harness, { wrapKey });
    const refused = await harness.post("/get-key", body);
    expect(refused.statusCode).toBe(400);
    expect(refused.json()).toMatchObject({ error: "invalid_wrap_key" });
    expect(agent.paths).toEqual([]);
    expect((await harness.post("/get-key", body)).json()).toMatchObject({ error: "invalid_challenge" });
  });

  test("a wrap key of low order only after the measurements", async () => {
    const strict = await startHarness({ env: { ALLOWED_TCB_STATUSES: "OutOfDate" } });
    const { body } = await wrappedRequest(strict, { wrapKey: new Uint8Array(32) });
    expect((await strict.post("/get-key", body)).json()).toMatchObject({ error: "tcb_status_rejected" });
    await strict.app.close();
  });

  test("the same request twice, and one of many at once", async () => {
    const { body } = await wrappedRequest();
    const answers = await Promise.all(Array.from({ length: 8 }, () => harness.post("/get-key", body)));
    expect(answers.filter(({ statusCode }) => statusCode === 200)).toHaveLength(1);
    expect((await harness.post("/get-key", body)).json()).toMatchObject({ error: "invalid_challenge" });
    expect(agent.paths).toHaveLength(1);
  });

  test("to answer without a quote of its own, and has spent the challenge", async () => {
    const reason = "/var/run/x";
    const quote = async () => ({ ok: false, error: { code: "agent-timeout", reason } }) as const;
    const silent = await startHarness({ deps: { agent: { ...fakeAgent(), quote } } });
    const { body } = await wrappedRequest(silent);
    const refused = await silent.post("/get-key", body);
    expect(refused.statusCode).toBe(503);
    expect(refused.json()).toEqual({
      error: "attestation_unavailable",
      details: "the guest agent gave no usable quote",
    });
    expect((await silent.post("/get-key", body)).json()).toMatchObject({ error: "invalid_challenge" });
    await silent.app.close();
  });

  test("to quote its release form for whoever asks at /attest", async () => {
    const bindingB64 = Buffer.from(`mero-kms-release${"\0".repeat(16)}`).toString("base64");
    const nonceB64 = Buffer.alloc(32, 1).toString("base64");
    const refused = await harness.post("/attest", { nonceB64, bindingB64 });
    expect(refused.statusCode).toBe(400);
    expect(refused.json()).toMatchObject({ error: "invalid_attestation_request" });
    expect(agent.quoted).toEqual([]);
  });
});

/** What a node says of an answer to its request for a sealed key that somebody made or changed on the way. */
async function nodeSaysOf(change: NonNullable<OnTheWay["answer"]>): Promise<unknown> {
  const key = await fetchWrapped(harness, {
    answer: (path, body, asked) => (path === "/get-key" ? change(path, body, asked) : body),
  });
  return key.ok ? key.value.use(toHex) : key.error;
}

function textOf(body: Record<string, unknown>, name: string): string {
  return String(body[name]);
}

/** Seals a key of the attacker's own to the node, with a transcript that is right in every part. */
async function sealedByProxy(asked: Record<string, unknown>, nonce: Uint8Array) {
  const wrapKey = parseWrapKey(textOf(asked, "wrapKeyB64"));
  const challengeId = parseChallengeId(textOf(asked, "challengeId"));
  if (wrapKey === null || challengeId === null) throw new Error("not a wrapped request");
  const quote = new Uint8Array(Buffer.from(textOf(asked, "quoteB64"), "base64"));
  const transcript = wrapTranscript({ challengeId, nonce, peerId: identity.peerId, quote, wrapKey });
  const sealer = await createKeySealer(wrapKey);
  const sealed = await sealer?.seal(new SecretBytes(new Uint8Array(32).fill(0xaa)), transcript);
  if (sealed === undefined) throw new Error("not sealed");
  return { sealed, transcript };
}

function nonceOf(asked: Record<string, unknown>): Uint8Array {
  return new Uint8Array(Buffer.from(textOf(asked, "quoteB64"), "base64").subarray(568, 600));
}

function spelled(sealed: { readonly enc: Uint8Array; readonly ciphertext: Uint8Array }) {
  return {
    encB64: Buffer.from(sealed.enc).toString("base64"),
    ciphertextB64: Buffer.from(sealed.ciphertext).toString("base64"),
  };
}

describe("the node refuses", () => {
  test("an answer that was resealed to its own key: the KMS's quote is over another", async () => {
    const said = await nodeSaysOf(async (_, body, asked) => {
      const { sealed } = await sealedByProxy(asked, nonceOf(asked));
      return { ...body, wrapped: spelled(sealed) };
    });
    expect(said).toEqual({
      stage: "get-key",
      failure: { code: "kms-report-data-mismatch", where: "release" },
    });
  });

  test("a resealed answer with a quote that /attest made for the attacker", async () => {
    const said = await nodeSaysOf(async (_, __, asked) => {
      const { sealed, transcript } = await sealedByProxy(asked, nonceOf(asked));
      const wanted = releaseReportData(transcript, sealed);
      const nonceB64 = Buffer.from(wanted.subarray(0, 32)).toString("base64");
      // The reserved half is refused; the nearest that a caller gets is the default binding.
      const { quoteB64 } = (await harness.post("/attest", { nonceB64 })).json<{ quoteB64: string }>();
      return { wrapped: spelled(sealed), kmsQuoteB64: quoteB64 };
    });
    expect(said).toMatchObject({ failure: { code: "kms-report-data-mismatch", where: "release" } });
  });

  test("a resealed answer with a right quote of another simulated platform", async () => {
    const elsewhere = await createSimulatedPlatform({ seed: "elsewhere", now: NOW });
    const said = await nodeSaysOf(async (_, __, asked) => {
      const { sealed, transcript } = await sealedByProxy(asked, nonceOf(asked));
      const guest = elsewhere.bootGuest("locked-read-only");
      const { quote } = await guest.quote(releaseReportData(transcript, sealed));
      return { wrapped: spelled(sealed), kmsQuoteB64: Buffer.from(quote).toString("base64") };
    });
    expect(said).toMatchObject({ stage: "get-key", failure: { code: "kms-quote-refused" } });
  });

  test("a resealed answer with a right quote of a genuine machine that is no KMS", async () => {
    const said = await nodeSaysOf(async (_, __, asked) => {
      const { sealed, transcript } = await sealedByProxy(asked, nonceOf(asked));
      const kmsQuote = await nodeQuote(releaseReportData(transcript, sealed));
      return { wrapped: spelled(sealed), kmsQuoteB64: Buffer.from(kmsQuote).toString("base64") };
    });
    expect(said).toMatchObject({ stage: "get-key", failure: { code: "kms-policy-refused" } });
  });

  test("a mock quote in place of the KMS's", async () => {
    const said = await nodeSaysOf(async (_, __, asked) => {
      const { sealed, transcript } = await sealedByProxy(asked, nonceOf(asked));
      const kmsQuote = makeMockQuote(releaseReportData(transcript, sealed));
      return { wrapped: spelled(sealed), kmsQuoteB64: Buffer.from(kmsQuote).toString("base64") };
    });
    expect(said).toEqual({ stage: "get-key", failure: { code: "kms-quote-mock" } });
  });

  test("the answer to another challenge of its own", async () => {
    const other: Record<string, unknown>[] = [];
    await fetchWrapped(harness, { answer: (path, body) => (path === "/get-key" && other.push(body), body) });
    expect(other).toHaveLength(1);
    const said = await nodeSaysOf(() => other[0] ?? {});
    expect(said).toMatchObject({ failure: { code: "kms-report-data-mismatch", where: "release" } });
  });

  test("what a right quote vouches for, if it does not open", async () => {
    const { pair, body, nonce, challengeId, quote, peer } = await wrappedRequest();
    const other = await createWrapKeyPair();
    // The node's request is right, and its private half is another's: as if it had been swapped inside the machine.
    const swapped = { ...other, wrapKey: pair.wrapKey };
    const key = await requestWrappedKey({
      client: clientOf(harness),
      identity: peer,
      challenge: { challengeId, nonce },
      quote,
      pair: swapped,
      verifyKms,
    });
    expect(body["wrapKeyB64"]).toBe(Buffer.from(pair.wrapKey).toString("base64"));
    expect(key).toEqual({ ok: false, error: { code: "key-unwrap-failed" } });
  });

  test.each([
    {
      name: "a plain key beside the sealed one",
      change: (body: Record<string, unknown>) => ({ ...body, key: KEY }),
      failure: { code: "answer-key-not-wrapped" },
    },
    {
      name: "a plain key alone, as a KMS that knows no wrapping would send it",
      change: () => ({ key: KEY }),
      failure: { code: "answer-key-not-wrapped" },
    },
    {
      name: "no quote of the KMS",
      change: ({ wrapped }: Record<string, unknown>) => ({ wrapped }),
      failure: { code: "answer-shape-invalid", field: "kmsQuoteB64" },
    },
    {
      name: "no sealed key",
      change: ({ kmsQuoteB64 }: Record<string, unknown>) => ({ kmsQuoteB64 }),
      failure: { code: "answer-shape-invalid", field: "wrapped" },
    },
  ])("an answer with $name", async ({ change, failure }) => {
    expect(await nodeSaysOf((_, body) => change(body))).toEqual({ stage: "get-key", failure });
  });

  test("to go on with an old KMS, which takes the wrapped quote for another peer's", async () => {
    const asked: string[] = [];
    const key = await fetchWrapped(harness, {
      request: (path, body) => {
        asked.push(path);
        const { wrapKeyB64: _, ...known } = body;
        return known;
      },
    });
    expect(key).toMatchObject({ error: { failure: { code: "kms-refused", tag: "peer_id_mismatch" } } });
    // One try, and no second on the plain wire.
    expect(asked).toEqual(["/attest", "/challenge", "/get-key"]);
  });

  test("a challenge id that is no 16 bytes, before it signs anything", async () => {
    const asked: string[] = [];
    const key = await fetchWrapped(harness, {
      request: (path, body) => (asked.push(path), body),
      answer: (path, body) => (path === "/challenge" ? { ...body, challengeId: "short" } : body),
    });
    expect(key).toMatchObject({ error: { failure: { code: "answer-shape-invalid", field: "challengeId" } } });
    expect(asked).toEqual(["/attest", "/challenge"]);
  });
});

describe("a quote of the node's admin endpoint", () => {
  // That endpoint quotes any nonce beside a hash of an application, which its caller can influence.
  test("is none for the wrapped wire, since no hash begins with the label", async () => {
    const { body, nonce, challengeId, peer, pair } = await wrappedRequest();
    const reportData = nodeReportData(nonce, peer.peerId);
    const quote = await nodeQuote(reportData);
    const client = clientOf(harness);
    const answer = await requestWrappedKey({
      client,
      identity: peer,
      challenge: { challengeId, nonce },
      quote,
      pair,
      verifyKms,
    });
    expect(body["wrapKeyB64"]).toHaveLength(44);
    expect(answer).toMatchObject({ error: { tag: "peer_id_mismatch" } });
  });
});
