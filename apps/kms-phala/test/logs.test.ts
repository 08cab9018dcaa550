import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { AuditEvent } from "@mero-tee/kms-protocol/audit";
import { ok } from "@mero-tee/tdx-quote/result";
import type { AuditTrail } from "../src/audit/audit-trail.ts";
import { type GetKeyBody, type Harness, keyOf, makePeer, quoteWith, startHarness } from "./harness.ts";

const peer = makePeer();
let harness: Harness;
/** What an audit file would record. */
const recorded: AuditEvent[] = [];
/** Every answer that was no success, and its headers. */
const errors: string[] = [];

beforeAll(async () => {
  const audit: AuditTrail = {
    async released(event) {
      recorded.push(event());
      return ok(null);
    },
    refused: (_code, event) => void recorded.push(event()),
  };
  harness = await startHarness({ env: { LOG_LEVEL: "trace" }, deps: { audit } });
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
  test("and no metric, audit record or error holds a key, nonce, signature, quote, body or peer id, whatever the outcome", async () => {
    const secrets: string[] = [];
    const converse = async (spoil: (body: GetKeyBody) => GetKeyBody, quote?: ReturnType<typeof quoteWith>) => {
      const body = spoil(await harness.request(peer, quote === undefined ? {} : { quote }));
      const nonce = Buffer.from(body.quoteB64, "base64").subarray(568, 600);
      secrets.push(...secretsOf(body, nonce));
      const answer = await harness.post("/get-key", body);
      if (answer.statusCode !== 200) errors.push(JSON.stringify(answer.headers) + answer.body);
      return answer.statusCode;
    };
    expect(await converse((body) => body)).toBe(200);
    expect(await converse((body) => ({ ...body, peerPublicKeyB64: makePeer().publicKeyB64 }))).toBe(401);
    expect(await converse((body) => ({ ...body, signatureB64: body.signatureB64.toLowerCase() }))).toBe(401);
    expect(await converse((body) => body, quoteWith({ profile: "debug" }))).toBe(403);
    expect(await converse((body) => body, quoteWith({ report: { tdAttributes: "0100001000000000" } }))).toBe(401);

    const nonceB64 = Buffer.from("planted-nonce-planted-nonce-0123").toString("base64");
    errors.push((await harness.post("/attest", { nonceB64, bindingB64: "planted-binding" })).body);
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
    const metrics = await harness.app.metrics.scrape({
      profile: "locked-read-only",
      readiness: harness.app.readiness,
      collateral: () => harness.evidence.condition(),
      policy: () => null,
      forecast: () => ({ accepted: 0, refused: 0, unknown: 0 }),
    });
    expect(metrics).toContain('mero_kms_answers_total{endpoint="/get-key",code="measurements-refused"} 1');
    expect(recorded.map(({ kind }) => kind)).toEqual(["release", "refusal", "refusal", "refusal", "refusal"]);
    expect(errors).toHaveLength(5);
    const everything = [...harness.logs, metrics, ...recorded.map((event) => JSON.stringify(event)), ...errors].join(
      "",
    );
    expect([...secrets, ...planted].filter((secret) => everything.includes(secret))).toEqual([]);
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

  test("hides such members of an error as well, and shows what the error says", () => {
    const before = harness.logs.length;
    const error = Object.assign(new TypeError("went wrong"), { body: "planted", code: "E_SHOWN" });
    harness.app.log.error({ err: error }, "unexpected error");
    harness.app.log.error(error);
    for (const line of harness.logs.slice(before)) {
      expect(line).not.toContain("planted");
      expect(JSON.parse(line)).toMatchObject({
        err: { type: "TypeError", message: "went wrong", stack: error.stack, code: "E_SHOWN", body: "[redacted]" },
      });
    }
    expect(harness.logs.length - before).toBe(2);
  });
});
