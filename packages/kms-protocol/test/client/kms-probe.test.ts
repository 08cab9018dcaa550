import { ok } from "@mero-tee/tdx-quote/result";
import { describe, expect, test } from "vitest";

import { makeMockQuote } from "../../src/index.ts";
import {
  KMS_PROBE_CODES,
  type KmsProbeReport,
  type KmsProbeRequest,
  type PostPort,
  type ProbeAttestation,
  type QuoteProvider,
  probeKms,
} from "../../src/client/index.ts";
import { vectorIdentity } from "../wire-vector.ts";
import { FAKE_KEY, type Tampering, fakeKms, refusal } from "./fake-kms.ts";

const mockQuotes: QuoteProvider = (reportData) => Promise.resolve(ok(makeMockQuote(reportData)));
const MOCK: ProbeAttestation = {
  verifyKms: () => Promise.resolve(ok(null)),
  acceptMock: true,
  allowMockRuntime: true,
};

async function probe(fetch: PostPort, change: Partial<KmsProbeRequest> = {}): Promise<KmsProbeReport> {
  const identity = await vectorIdentity();
  return probeKms({
    kmsUrl: "https://kms.example",
    fetch,
    identity,
    quoteProvider: mockQuotes,
    timeoutMs: 5_000,
    ...change,
  });
}

const unreachable: PostPort = () => Promise.reject(new Error("connection refused"));
const json =
  (body: unknown): (() => Response) =>
  () =>
    Response.json(body);

/** A port that breaks for one path and answers the others truly. */
function unreachableAt(path: string): PostPort {
  const kms = fakeKms();
  return (url, init) => (url.endsWith(path) ? unreachable(url, init) : kms.fetch(url, init));
}

describe("a probe without attestation", () => {
  test("goes through challenge and key release, and shows no key", async () => {
    const kms = fakeKms();
    const report = await probe(kms.fetch);
    expect(report).toEqual({ ok: true, stage: "get_key", code: "OK" });
    expect(kms.arrived.map(({ url }) => new URL(url).pathname)).toEqual(["/challenge", "/get-key"]);
  });

  test.each([undefined, "", "  "])("needs an address, not %j", async (kmsUrl) => {
    const { fetch } = fakeKms();
    const identity = await vectorIdentity();
    const request = { fetch, identity, quoteProvider: mockQuotes };
    const report = await probeKms(kmsUrl === undefined ? request : { ...request, kmsUrl });
    expect(report).toMatchObject({ ok: false, stage: "transport", code: "KMS_PROVIDER_NOT_CONFIGURED" });
  });

  test.each(["kms.example", "ftp://kms.example"])("needs an address that is one, not %s", async (kmsUrl) => {
    const report = await probe(fakeKms().fetch, { kmsUrl });
    expect(report).toMatchObject({ ok: false, stage: "transport", code: "KMS_ENDPOINT_URL_INVALID" });
  });

  test("may go over plain http", async () => {
    expect((await probe(fakeKms().fetch, { kmsUrl: "http://kms.example" })).ok).toBe(true);
  });

  test.each<{ name: string; tampering: Tampering; expected: Partial<KmsProbeReport> }>([
    {
      name: "a refused challenge",
      tampering: { challenge: () => refusal("rate-limited") },
      expected: { stage: "challenge", code: "KMS_CHALLENGE_REJECTED", kms_error: "rate_limited" },
    },
    {
      name: "a challenge refused by a gateway",
      tampering: { challenge: () => new Response("busy", { status: 503 }) },
      expected: { stage: "challenge", code: "KMS_CHALLENGE_REJECTED", kms_error: "busy" },
    },
    {
      name: "a challenge refused for the profile",
      tampering: { challenge: () => Response.json({ error: "profile_policy_rejected" }, { status: 403 }) },
      expected: { stage: "challenge", code: "KMS_PROFILE_POLICY_REJECTED", kms_error: "profile_policy_rejected" },
    },
    {
      name: "a challenge that is not JSON",
      tampering: { challenge: () => new Response("x") },
      expected: { stage: "challenge", code: "KMS_CHALLENGE_RESPONSE_INVALID" },
    },
    {
      name: "a challenge without an id",
      tampering: { challenge: ({ nonceB64 }) => Response.json({ nonceB64 }) },
      expected: { stage: "challenge", code: "KMS_CHALLENGE_RESPONSE_INVALID" },
    },
    {
      name: "an endless challenge",
      tampering: { challenge: () => new Response("x".repeat(70_000)) },
      expected: { stage: "challenge", code: "KMS_CHALLENGE_RESPONSE_INVALID" },
    },
    {
      name: "a long challenge id",
      tampering: { challenge: (answer) => Response.json({ ...answer, challengeId: "x".repeat(513) }) },
      expected: { stage: "challenge", code: "KMS_CHALLENGE_ID_OVERSIZED" },
    },
    {
      name: "a long nonce",
      tampering: { challenge: (answer) => Response.json({ ...answer, nonceB64: "A".repeat(2_052) }) },
      expected: { stage: "challenge", code: "KMS_CHALLENGE_NONCE_OVERSIZED" },
    },
    {
      name: "a short nonce",
      tampering: { challenge: (answer) => Response.json({ ...answer, nonceB64: "AAAA" }) },
      expected: { stage: "challenge", code: "KMS_CHALLENGE_NONCE_INVALID" },
    },
    {
      name: "evidence that is not genuine",
      tampering: { "get-key": () => refusal("quote-not-genuine") },
      expected: {
        stage: "get_key",
        code: "KMS_GET_KEY_ATTESTATION_FAILED",
        kms_error: "attestation_verification_failed",
      },
    },
    {
      name: "a mock quote",
      tampering: { "get-key": () => refusal("mock-quote-refused") },
      expected: { stage: "get_key", code: "KMS_GET_KEY_ATTESTATION_FAILED", kms_error: "mock_attestation_rejected" },
    },
    {
      name: "a signature",
      tampering: { "get-key": () => refusal("signature-invalid") },
      expected: { stage: "get_key", code: "KMS_GET_KEY_SIGNATURE_FAILED", kms_error: "invalid_signature" },
    },
    {
      name: "registers",
      tampering: { "get-key": () => refusal("measurements-refused", "rtmr3 is ab") },
      expected: { stage: "get_key", code: "KMS_PROFILE_POLICY_REJECTED", kms_error: "measurement_policy_rejected" },
    },
    {
      name: "an old platform",
      tampering: { "get-key": () => refusal("tcb-status-refused") },
      expected: { stage: "get_key", code: "KMS_GET_KEY_REJECTED", kms_error: "tcb_status_rejected" },
    },
    {
      name: "an unready KMS",
      tampering: { "get-key": () => refusal("policy-not-ready") },
      expected: { stage: "get_key", code: "KMS_GET_KEY_REJECTED", kms_error: "policy_not_ready" },
    },
    {
      name: "an empty refusal",
      tampering: { "get-key": () => new Response(null, { status: 500 }) },
      expected: { stage: "get_key", code: "KMS_GET_KEY_REJECTED" },
    },
    {
      name: "a key answer without key",
      tampering: { "get-key": json({}) },
      expected: { stage: "get_key", code: "KMS_GET_KEY_RESPONSE_INVALID" },
    },
    {
      name: "a short key",
      tampering: { "get-key": json({ key: FAKE_KEY.slice(2) }) },
      expected: { stage: "get_key", code: "KMS_KEY_INVALID" },
    },
  ])("names $name", async ({ tampering, expected }) => {
    const report = await probe(fakeKms(tampering).fetch);
    expect(report).toEqual({ ok: false, details: expect.any(String) as unknown, ...expected });
  });

  test.each([
    { path: "/challenge", stage: "challenge", code: "KMS_CHALLENGE_REQUEST_FAILED" },
    { path: "/get-key", stage: "get_key", code: "KMS_GET_KEY_REQUEST_FAILED" },
  ])("names a broken connection at $path", async ({ path, stage, code }) => {
    expect(await probe(unreachableAt(path))).toMatchObject({ ok: false, stage, code });
  });

  test("names a machine without quotes as a request that failed", async () => {
    const failure = { code: "quote-provider-failed", reason: "no TDX device" } as const;
    const report = await probe(fakeKms().fetch, {
      quoteProvider: () => Promise.resolve({ ok: false, error: failure }),
    });
    expect(report).toMatchObject({ stage: "get_key", code: "KMS_GET_KEY_REQUEST_FAILED" });
    expect(report.details).toContain("no TDX device");
  });
});

describe("a probe with attestation", () => {
  test("accepts a mock quote where settings and process both allow it", async () => {
    const kms = fakeKms();
    expect(await probe(kms.fetch, { attestation: MOCK })).toEqual({ ok: true, stage: "get_key", code: "OK" });
    expect(kms.arrived.map(({ url }) => new URL(url).pathname)).toEqual(["/attest", "/challenge", "/get-key"]);
  });

  test.each<{ name: string; attestation: Partial<ProbeAttestation>; code: string }>([
    { name: "settings", attestation: { acceptMock: false }, code: "KMS_ATTEST_MOCK_QUOTE_REJECTED" },
    { name: "process", attestation: { allowMockRuntime: false }, code: "KMS_ATTEST_MOCK_RUNTIME_NOT_ALLOWED" },
  ])("refuses a mock quote where the $name do not allow it", async ({ attestation, code }) => {
    const kms = fakeKms();
    const report = await probe(kms.fetch, { attestation: { ...MOCK, ...attestation } });
    expect(report).toMatchObject({ ok: false, stage: "attest", code });
    expect(kms.arrived).toHaveLength(1);
  });

  test.each(["http://kms.example", "http://localhost:8080"])("refuses %s", async (kmsUrl) => {
    const kms = fakeKms();
    const report = await probe(kms.fetch, { kmsUrl, attestation: { ...MOCK, acceptMock: false } });
    expect(report).toMatchObject({ ok: false, stage: "transport", code: "KMS_HTTP_INSECURE" });
    expect(kms.arrived).toHaveLength(0);
    expect((await probe(kms.fetch, { kmsUrl, attestation: MOCK })).ok).toBe(true);
  });

  const otherBytes = "00".repeat(64);
  const otherMock = Buffer.from(makeMockQuote(Buffer.from(otherBytes, "hex"))).toString("base64");
  test.each<{ name: string; tampering: Tampering; expected: Partial<KmsProbeReport> }>([
    {
      name: "a refusal",
      tampering: { attest: () => refusal("attestation-unavailable") },
      expected: { code: "KMS_ATTEST_REJECTED", kms_error: "attestation_unavailable" },
    },
    {
      name: "a policy refusal",
      tampering: { attest: () => refusal("measurements-refused") },
      expected: { code: "KMS_PROFILE_POLICY_REJECTED", kms_error: "measurement_policy_rejected" },
    },
    {
      name: "other report data beside the quote",
      tampering: { attest: (answer) => Response.json({ ...answer, reportDataHex: otherBytes }) },
      expected: { code: "KMS_ATTEST_REPORT_DATA_MISMATCH" },
    },
    {
      name: "other report data in the quote",
      tampering: { attest: (answer) => Response.json({ ...answer, quoteB64: otherMock }) },
      expected: { code: "KMS_ATTEST_REPORT_DATA_MISMATCH" },
    },
    {
      name: "a mock quote that ends early",
      tampering: { attest: (answer) => Response.json({ ...answer, quoteB64: otherMock.slice(0, 60) }) },
      expected: { code: "KMS_ATTEST_REPORT_DATA_MISMATCH" },
    },
    {
      name: "an oversized quote",
      tampering: { attest: (answer) => Response.json({ ...answer, quoteB64: "A".repeat(131_076) }) },
      expected: { code: "KMS_ATTEST_RESPONSE_OVERSIZED" },
    },
    {
      name: "an oversized answer",
      tampering: { attest: () => new Response("x".repeat(5_000_000)) },
      expected: { code: "KMS_ATTEST_RESPONSE_OVERSIZED" },
    },
    {
      name: "an answer without quote",
      tampering: { attest: ({ reportDataHex }) => Response.json({ reportDataHex }) },
      expected: { code: "KMS_ATTEST_RESPONSE_INVALID" },
    },
    {
      name: "an answer that is not JSON",
      tampering: { attest: () => new Response("<html>") },
      expected: { code: "KMS_ATTEST_RESPONSE_INVALID" },
    },
    {
      name: "a quote that is none",
      tampering: { attest: (answer) => Response.json({ ...answer, quoteB64: "AAAA" }) },
      expected: { code: "KMS_ATTEST_VERIFICATION_FAILED" },
    },
  ])("names $name", async ({ tampering, expected }) => {
    const report = await probe(fakeKms(tampering).fetch, { attestation: MOCK });
    expect(report).toEqual({ ok: false, stage: "attest", details: expect.any(String) as unknown, ...expected });
  });

  test("names a broken connection as a rejection, as nodes do", async () => {
    const report = await probe(unreachable, { attestation: MOCK });
    expect(report).toMatchObject({ ok: false, stage: "attest", code: "KMS_ATTEST_REJECTED" });
  });
});

describe("the codes", () => {
  test("are spelled as nodes spell them, each once", () => {
    expect(new Set(KMS_PROBE_CODES).size).toBe(KMS_PROBE_CODES.length);
    for (const code of KMS_PROBE_CODES) expect(code).toMatch(/^(?:OK|KMS_[A-Z_]+)$/);
  });
});
