import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type GetKeyBody, type Harness, keyOf, makePeer, quoteWith, startHarness } from "./harness.ts";

const peer = makePeer();
let harness: Harness;

beforeAll(async () => {
  harness = await startHarness({ env: { LOG_LEVEL: "trace" } });
});

afterAll(async () => {
  await harness.app.close();
});

/** All spellings of bytes that could turn up in a line. */
function spellings(bytes: Buffer): readonly string[] {
  return [bytes.toString("hex"), bytes.toString("base64"), bytes.toString("base64url"), [...bytes].join(",")];
}

/** The planted values of one get-key conversation: everything that must stay out of the log. */
function secretsOf(body: GetKeyBody, nonce: Uint8Array): readonly string[] {
  const quote = Buffer.from(body.quoteB64, "base64");
  return [
    body.peerId,
    body.peerPublicKeyB64,
    body.signatureB64,
    body.quoteB64.slice(0, 60),
    quote.subarray(0, 40).toString("hex"),
    // The nonce is in the quote's report data as well.
    ...spellings(Buffer.from(nonce)),
    ...spellings(Buffer.from(keyOf(`merod/storage/locked-read-only/${body.peerId}`), "hex")),
  ];
}

describe("no log line at any level", () => {
  test("holds a key, nonce, signature, quote, body or peer id, whatever the outcome", async () => {
    const secrets: string[] = [];
    const converse = async (spoil: (body: GetKeyBody) => GetKeyBody, quote?: ReturnType<typeof quoteWith>) => {
      const body = spoil(await harness.request(peer, quote === undefined ? {} : { quote }));
      const nonce = Buffer.from(body.quoteB64, "base64").subarray(568, 600);
      secrets.push(...secretsOf(body, nonce));
      return (await harness.post("/get-key", body)).statusCode;
    };
    expect(await converse((body) => body)).toBe(200);
    expect(await converse((body) => ({ ...body, peerPublicKeyB64: makePeer().publicKeyB64 }))).toBe(401);
    expect(await converse((body) => ({ ...body, signatureB64: body.signatureB64.toLowerCase() }))).toBe(401);
    expect(await converse((body) => body, quoteWith({ profile: "debug" }))).toBe(403);
    expect(await converse((body) => body, quoteWith({ report: { tdAttributes: "0100001000000000" } }))).toBe(401);

    const nonceB64 = Buffer.from("planted-nonce-planted-nonce-0123").toString("base64");
    await harness.post("/attest", { nonceB64, bindingB64: "planted-binding" });
    await harness.post("/attest", { nonceB64 });
    await harness.app.inject({
      method: "POST",
      url: "/get-key?planted-query",
      headers: { "content-type": "application/json", authorization: "planted-header" },
      payload: '{"planted-body":',
    });
    await harness.app.inject({
      method: "GET",
      url: "/planted-path/x",
      headers: { origin: "https://planted-origin.example" },
    });
    const planted = [nonceB64, ...spellings(Buffer.from(nonceB64, "base64")), "planted-"];

    expect(harness.logs.length).toBeGreaterThan(10);
    const log = harness.logs.join("");
    expect([...secrets, ...planted].filter((secret) => log.includes(secret))).toEqual([]);
  });

  test("leaves out the request, yet names the peer by a hash and the code of a refusal", async () => {
    const before = harness.logs.length;
    await harness.post("/get-key", await harness.request(peer));
    await harness.post("/get-key", { ...(await harness.request(peer)), challengeId: "x" });
    const lines = harness.logs.slice(before).map((line): Record<string, unknown> => JSON.parse(line));
    expect(lines).toContainEqual(
      expect.objectContaining({ msg: "key released", peer: expect.stringMatching(/^[0-9a-f]{16}$/) }),
    );
    expect(lines).toContainEqual(
      expect.objectContaining({ path: "/get-key", status: 401, code: "challenge-id-malformed" }),
    );
    for (const line of lines) expect(line).toHaveProperty("reqId");
  });

  test("prints a member with the name of a secret, should anybody log one", () => {
    const before = harness.logs.length;
    harness.app.log.info(
      { key: "planted", nested: { nonce: "planted", quoteB64: "planted" }, body: { a: "planted" } },
      "x",
    );
    expect(harness.logs.slice(before).join("")).not.toContain("planted");
    expect(harness.logs.at(-1)).toContain("[redacted]");
  });
});
