import { ok } from "@mero-tee/tdx-quote/result";
import { describe, expect, test } from "vitest";

import { DEFAULT_BINDING, makeMockQuote } from "../../src/index.ts";
import {
  type KmsEvidence,
  type KmsVerifier,
  type QuoteProvider,
  type StorageKeyRequest,
  createKmsClient,
  fetchStorageKey,
} from "../../src/client/index.ts";
import { VECTOR, bytes, unwrap, vectorIdentity } from "../wire-vector.ts";
import { FAKE_KEY, type Tampering, fakeKms, refusal } from "./fake-kms.ts";
import { hasRecordedQuotes, recordedQuote } from "./recorded-quote.ts";

const mockQuotes: QuoteProvider = (reportData) => Promise.resolve(ok(makeMockQuote(reportData)));

async function conversation(
  tampering: Tampering,
  change: Partial<StorageKeyRequest> = {},
): Promise<{
  result: Awaited<ReturnType<typeof fetchStorageKey>>;
  paths: readonly string[];
  bodies: readonly string[];
}> {
  const kms = fakeKms(tampering);
  const client = unwrap(createKmsClient({ baseUrl: "https://kms.example", fetch: kms.fetch }));
  const identity = await vectorIdentity();
  const result = await fetchStorageKey({ client, identity, quoteProvider: mockQuotes, ...change });
  const paths = kms.arrived.map(({ url }) => new URL(url).pathname);
  return { result, paths, bodies: kms.arrived.map(({ init }) => init.body) };
}

/** Where report data stands in a quote of version 4. */
const REPORT_DATA_OFFSET_V4 = 568;

const trusting: KmsVerifier = () => Promise.resolve(ok(null));

describe("a node that asks for its key", () => {
  test("gets it after challenge, quote and signature", async () => {
    const { result, paths, bodies } = await conversation({});
    expect(result.ok && result.value.use((key) => Buffer.from(key).toString("hex"))).toBe(FAKE_KEY);
    expect(paths).toEqual(["/challenge", "/get-key"]);
    // The challenge is the vector's, so the request is the vector's, byte for byte.
    expect(JSON.parse(bodies[1] ?? "")).toEqual({
      challengeId: VECTOR.challengeId,
      quoteB64: expect.any(String) as unknown,
      peerId: VECTOR.peerId,
      peerPublicKeyB64: VECTOR.peerPublicKeyB64,
      signatureB64: VECTOR.signatureB64,
    });
  });

  test("stops where the KMS gives no challenge", async () => {
    const { result, paths } = await conversation({ challenge: () => refusal("rate-limited") });
    expect(result).toMatchObject({
      error: { stage: "challenge", failure: { code: "kms-refused", tag: "rate_limited" } },
    });
    expect(paths).toEqual(["/challenge"]);
  });

  test("stops where its machine gives no quote", async () => {
    const failure = { code: "quote-provider-failed", reason: "no TDX device" } as const;
    const quoteProvider: QuoteProvider = () => Promise.resolve({ ok: false, error: failure });
    const { result, paths } = await conversation({}, { quoteProvider });
    expect(result).toEqual({ ok: false, error: { stage: "quote", failure } });
    expect(paths).toEqual(["/challenge"]);
  });

  test("is refused for a quote of other report data", async () => {
    const { result } = await conversation({}, { quoteProvider: (reportData) => mockQuotes(reportData.fill(0, 63)) });
    expect(result).toMatchObject({
      error: { stage: "get-key", failure: { code: "kms-refused", tag: "peer_id_mismatch" } },
    });
  });

  test("is refused where the nonce was changed on the way", async () => {
    const nonceB64 = Buffer.alloc(32, 1).toString("base64");
    const { result } = await conversation({ challenge: (answer) => Response.json({ ...answer, nonceB64 }) });
    expect(result).toMatchObject({ error: { stage: "get-key", failure: { tag: "invalid_signature" } } });
  });

  test.each([
    { name: "of 33 bytes", key: "ab".repeat(33), failure: { code: "key-length-unexpected", length: 33 } },
    { name: "of 31 bytes", key: "ab".repeat(31), failure: { code: "answer-key-invalid" } },
    { name: "in base64", key: Buffer.alloc(32).toString("base64"), failure: { code: "answer-key-invalid" } },
  ])("does not take a key $name", async ({ key, failure }) => {
    const { result } = await conversation({ "get-key": () => Response.json({ key }) });
    expect(result).toEqual({ ok: false, error: { stage: "get-key", failure } });
  });
});

describe("a node that verifies its KMS", () => {
  test("asks for evidence first, with a nonce of its own each time", async () => {
    const nonces = new Set<string>();
    for (const _ of [1, 2, 3]) {
      const { paths, bodies } = await conversation({}, { verifyKms: trusting });
      expect(paths).toEqual(["/attest"]);
      const nonceB64 = /^\{"nonceB64":"([^"]+)"\}$/.exec(bodies[0] ?? "")?.[1] ?? "";
      expect(Buffer.from(nonceB64, "base64")).toHaveLength(32);
      nonces.add(nonceB64);
    }
    expect(nonces.size).toBe(3);
  });

  test("sends the binding it demands", async () => {
    const binding = new Uint8Array(32).fill(5);
    const { bodies } = await conversation({}, { verifyKms: trusting, binding });
    expect(JSON.parse(bodies[0] ?? "")).toMatchObject({ bindingB64: Buffer.from(binding).toString("base64") });
  });

  test("does not talk to a KMS with a mock quote, whatever its verifier would say", async () => {
    const { result, paths } = await conversation({}, { verifyKms: trusting });
    expect(result).toEqual({ ok: false, error: { stage: "attest", failure: { code: "kms-quote-mock" } } });
    expect(paths).toEqual(["/attest"]);
  });

  test("does not talk to a KMS that names other report data", async () => {
    const attest: Tampering = { attest: (answer) => Response.json({ ...answer, reportDataHex: "00".repeat(64) }) };
    const { result } = await conversation(attest, { verifyKms: trusting });
    expect(result).toEqual({
      ok: false,
      error: { stage: "attest", failure: { code: "kms-report-data-mismatch", where: "answer" } },
    });
  });

  test("does not talk to a KMS whose evidence is no quote", async () => {
    const quoteB64 = Buffer.alloc(1_024, 4).toString("base64");
    const { result, paths } = await conversation(
      { attest: (answer) => Response.json({ ...answer, quoteB64 }) },
      { verifyKms: trusting },
    );
    expect(result).toMatchObject({ error: { stage: "attest", failure: { code: "kms-quote-refused" } } });
    expect(paths).toEqual(["/attest"]);
  });

  test("does not talk to a KMS that refuses to attest", async () => {
    const { result, paths } = await conversation(
      { attest: () => refusal("attestation-unavailable") },
      { verifyKms: trusting },
    );
    expect(result).toMatchObject({ error: { stage: "attest", failure: { tag: "attestation_unavailable" } } });
    expect(paths).toEqual(["/attest"]);
  });
});

describe.skipIf(!hasRecordedQuotes)("a node whose KMS sends a well-formed quote for its question", () => {
  // The recorded quote with other report data: well formed, no longer signed, and the verifier port is what decides.
  const attest: Tampering = {
    attest: (answer) => {
      const quote = recordedQuote();
      quote.set(bytes(String(answer["reportDataHex"])), REPORT_DATA_OFFSET_V4);
      return Response.json({ ...answer, quoteB64: Buffer.from(quote).toString("base64"), eventLog: [{ imr: 3 }] });
    },
  };

  test.each([undefined, new Uint8Array(32).fill(5)])(
    "asks on once its verifier accepts, binding %j",
    async (binding) => {
      const seen: KmsEvidence[] = [];
      const verifyKms: KmsVerifier = (evidence) => {
        seen.push(evidence);
        return Promise.resolve(ok(null));
      };
      const { result, paths } = await conversation(
        attest,
        binding === undefined ? { verifyKms } : { verifyKms, binding },
      );
      expect(result.ok).toBe(true);
      expect(paths).toEqual(["/attest", "/challenge", "/get-key"]);
      expect(seen).toHaveLength(1);
      const [evidence] = seen;
      expect(evidence?.expectedReportData.subarray(32)).toEqual(binding ?? DEFAULT_BINDING);
      expect(evidence?.quote.report.reportData).toBe(Buffer.from(evidence?.expectedReportData ?? []).toString("hex"));
      expect(evidence?.eventLog).toEqual([{ imr: 3 }]);
    },
  );

  test("stops once its verifier refuses", async () => {
    const failure = { code: "kms-policy-refused", cause: { code: "policy-mismatch", mismatches: [] } } as const;
    const verifyKms: KmsVerifier = () => Promise.resolve({ ok: false, error: failure });
    const { result, paths } = await conversation(attest, { verifyKms });
    expect(result).toEqual({ ok: false, error: { stage: "attest", failure } });
    expect(paths).toEqual(["/attest"]);
  });
});
