import { DEFAULT_BINDING } from "@mero-tee/kms-protocol";
import { parseQuote } from "@mero-tee/tdx-quote";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { GuestAgentError } from "../src/guest-agent.ts";
import { fakeAgent, type Harness, startHarness } from "./harness.ts";

const NONCE = Buffer.from(Array.from({ length: 32 }, (_, index) => index));
const BINDING = Buffer.alloc(32, 0xb1);
let harness: Harness;

beforeAll(async () => {
  harness = await startHarness({ env: { USE_ENV_POLICY: "false" } });
});

afterAll(async () => {
  await harness.app.close();
});

interface AttestBody {
  readonly quoteB64: string;
  readonly reportDataHex: string;
  readonly eventLog: readonly { readonly imr: number }[];
  readonly vmConfig: string;
}

describe("POST /attest", () => {
  test.each([
    { name: "the default binding where none is named", binding: {}, half: Buffer.from(DEFAULT_BINDING) },
    { name: "the default binding for null", binding: { bindingB64: null }, half: Buffer.from(DEFAULT_BINDING) },
    { name: "the binding that is named", binding: { bindingB64: BINDING.toString("base64") }, half: BINDING },
  ])("quotes the nonce and $name, without any policy", async ({ binding, half }) => {
    const answer = await harness.post("/attest", { nonceB64: NONCE.toString("base64"), ...binding });
    expect(answer.statusCode).toBe(200);
    expect(answer.headers["cache-control"]).toBe("no-store");
    const body = answer.json<AttestBody>();
    const expected = Buffer.concat([NONCE, half]).toString("hex");
    expect(Object.keys(body)).toEqual(["quoteB64", "reportDataHex", "eventLog", "vmConfig"]);
    expect(body.reportDataHex).toBe(expected);
    const quote = parseQuote(Buffer.from(body.quoteB64, "base64"));
    expect(quote).toMatchObject({ ok: true, value: { report: { reportData: expected } } });
    expect(body.vmConfig).toBe('{"cpu":4}');
  });

  test("passes the event log on as the array that it is", async () => {
    const agent = fakeAgent();
    const quoted = await agent.quote(new Uint8Array(64));
    const body = (await harness.post("/attest", { nonceB64: NONCE.toString("base64") })).json<AttestBody>();
    expect(quoted).toMatchObject({ ok: true, value: { eventLog: body.eventLog } });
    expect(body.eventLog.some(({ imr }) => imr === 3)).toBe(true);
  });

  test.each([
    { name: "a nonce of 31 bytes", body: { nonceB64: NONCE.subarray(1).toString("base64") } },
    { name: "a nonce of 33 bytes", body: { nonceB64: Buffer.alloc(33).toString("base64") } },
    { name: "an empty nonce", body: { nonceB64: "" } },
    { name: "a nonce without padding", body: { nonceB64: NONCE.toString("base64").replace("=", "") } },
    { name: "a nonce in URL-safe letters", body: { nonceB64: Buffer.alloc(32, 0xff).toString("base64url") + "=" } },
    { name: "a nonce with unused bits set", body: { nonceB64: `${"A".repeat(42)}B=` } },
    { name: "a nonce in hex", body: { nonceB64: NONCE.toString("hex") } },
    { name: "an empty binding", body: { nonceB64: NONCE.toString("base64"), bindingB64: "" } },
    {
      name: "a binding that is reserved for the KMS",
      body: {
        nonceB64: NONCE.toString("base64"),
        bindingB64: Buffer.concat([Buffer.from("mero-kms-release"), Buffer.alloc(16)]).toString("base64"),
      },
    },
    {
      name: "a binding of 64 bytes",
      body: { nonceB64: NONCE.toString("base64"), bindingB64: Buffer.alloc(64).toString("base64") },
    },
  ])("refuses $name with 400 invalid_attestation_request", async ({ body }) => {
    const answer = await harness.post("/attest", body);
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toMatchObject({ error: "invalid_attestation_request" });
  });

  test.each([
    { name: "no nonce", body: {} },
    { name: "a number as nonce", body: { nonceB64: 1 } },
    { name: "null as nonce", body: { nonceB64: null } },
    { name: "a number as binding", body: { nonceB64: NONCE.toString("base64"), bindingB64: 7 } },
  ])("refuses $name with 422", async ({ body }) => {
    const answer = await harness.post("/attest", body);
    expect(answer.statusCode).toBe(422);
    expect(answer.json()).toMatchObject({ error: "invalid_request" });
  });

  test.each([
    "agent-unavailable",
    "agent-timeout",
    "agent-answer-malformed",
    "agent-report-data-mismatch",
  ] as const satisfies readonly GuestAgentError["code"][])(
    "answers 503 attestation_unavailable for %s",
    async (code) => {
      const agent = {
        ...fakeAgent(),
        quote: async () => ({ ok: false, error: { code, reason: "/var/run/x" } }) as const,
      };
      const other = await startHarness({ deps: { agent } });
      const answer = await other.post("/attest", { nonceB64: NONCE.toString("base64") });
      expect(answer.statusCode).toBe(503);
      expect(answer.json()).toMatchObject({ error: "attestation_unavailable" });
      expect(answer.body).not.toContain("/var/run");
      await other.app.close();
    },
  );

  test("bounds the quotes in flight", async () => {
    const gate = Promise.withResolvers<void>();
    const agent = fakeAgent();
    const slow = {
      ...agent,
      quote: async (reportData: Uint8Array) => {
        await gate.promise;
        return agent.quote(reportData);
      },
    };
    const other = await startHarness({ env: { MAX_QUOTES_WAITING: "0" }, deps: { agent: slow } });
    const body = { nonceB64: NONCE.toString("base64") };
    const held = Array.from({ length: 8 }, () => other.post("/attest", body));
    const refused = await other.post("/attest", body);
    expect(refused.statusCode).toBe(429);
    expect(refused.json()).toMatchObject({ error: "rate_limited" });
    expect(Number(refused.headers["retry-after"])).toBeGreaterThan(0);
    gate.resolve();
    expect((await Promise.all(held)).map(({ statusCode }) => statusCode)).toEqual(Array.from({ length: 8 }, () => 200));
    expect((await other.post("/attest", body)).statusCode).toBe(200);
    await other.app.close();
  });
});
