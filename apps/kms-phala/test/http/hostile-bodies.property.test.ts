import { KMS_TAGS } from "@mero-tee/kms-protocol";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type GetKeyBody, type Harness, makePeer, nodeQuote, startHarness } from "../harness.ts";

const TAGS: ReadonlySet<unknown> = new Set(KMS_TAGS);
const PATHS = ["/challenge", "/get-key", "/attest"] as const;
const FIELDS = [
  "challengeId",
  "quoteB64",
  "peerId",
  "peerPublicKeyB64",
  "signatureB64",
  "nonceB64",
  "bindingB64",
] as const;
let harness: Harness;
let genuine: GetKeyBody;

beforeAll(async () => {
  harness = await startHarness();
  genuine = await harness.request(makePeer());
});

afterAll(async () => {
  await harness.app.close();
});

/** Sends a body: "sound" for an answer of the protocol (200, or a refusal below 500 with a known tag), else what was wrong. */
async function outcomeOf(path: string, payload: string | Buffer): Promise<string> {
  const headers = { "content-type": "application/json" };
  const answer = await harness.app.inject({ method: "POST", url: path, headers, payload });
  const { error } = answer.json<{ error?: unknown }>();
  const isSound = answer.statusCode === 200 ? error === undefined : answer.statusCode < 500 && TAGS.has(error);
  return isSound ? "sound" : `${answer.statusCode} ${answer.body}`;
}

const paths = fc.constantFrom(...PATHS);
const hostileText = fc.oneof(
  fc.string({ unit: "binary", maxLength: 200 }),
  fc.string({ maxLength: 200 }),
  fc.base64String({ maxLength: 4000 }),
  fc.constantFrom("", "__proto__", "constructor", "\0", "\u{d800}", "=".repeat(50), "A".repeat(50_000)),
);

describe("whatever the body, no request ends in a 500", () => {
  test("for arbitrary bytes", async () => {
    await fc.assert(
      fc.asyncProperty(paths, fc.uint8Array({ maxLength: 2000 }), async (path, bytes) => {
        expect(await outcomeOf(path, Buffer.from(bytes))).toBe("sound");
      }),
      { numRuns: 150 },
    );
  });

  test("for arbitrary JSON", async () => {
    await fc.assert(
      fc.asyncProperty(paths, fc.json({ maxDepth: 6 }), async (path, json) => {
        expect(await outcomeOf(path, json)).toBe("sound");
      }),
      { numRuns: 150 },
    );
  });

  test("for objects with our fields and hostile values", async () => {
    const value = fc.oneof(hostileText, fc.jsonValue({ maxDepth: 2 }));
    const body = fc.dictionary(fc.constantFrom(...FIELDS), value, { maxKeys: FIELDS.length });
    await fc.assert(
      fc.asyncProperty(paths, body, async (path, fields) => {
        expect(await outcomeOf(path, JSON.stringify(fields))).toBe("sound");
      }),
      { numRuns: 200 },
    );
  });

  test("for a genuine request with one field changed", async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...Object.keys(genuine)), hostileText, async (name, text) => {
        expect(await outcomeOf("/get-key", JSON.stringify({ ...genuine, [name]: text }))).toBe("sound");
      }),
      { numRuns: 150 },
    );
  });

  test("for a genuine quote with bytes changed, rightly signed", async () => {
    const changes = fc.array(fc.tuple(fc.nat(5000), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 4 });
    const peer = makePeer();
    await fc.assert(
      fc.asyncProperty(changes, fc.option(fc.nat(5000)), async (edits, cut) => {
        const request = await harness.request(peer, {
          async quote(reportData) {
            const quote = (await nodeQuote(reportData)).slice(0, cut ?? undefined);
            for (const [at, mask] of edits) if (at < quote.length) quote[at] = (quote[at] ?? 0) ^ mask;
            return quote;
          },
        });
        expect(await outcomeOf("/get-key", JSON.stringify(request))).toBe("sound");
      }),
      { numRuns: 60 },
    );
  });
});
