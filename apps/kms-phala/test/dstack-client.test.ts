import { toHex } from "@mero-tee/tdx-quote/hex";
import { DstackClient } from "@phala/dstack-sdk";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createDstackAgent } from "../src/dstack-client.ts";
import type { GuestAgent } from "../src/guest-agent.ts";
import { keyOf } from "./harness.ts";
import { type SimulatedAgent, startSimulatedAgent } from "./simulated-agent.ts";

const REPORT_DATA = Uint8Array.from({ length: 64 }, (_, index) => index);
const PATH = "merod/storage/locked-read-only/12D3KooWA4Xop1JaT3MHxwYMkCepYsv4iPVopMXwCz5iHYdBfeSB";
let simulated: SimulatedAgent;
let agent: GuestAgent;

beforeEach(async () => {
  simulated = await startSimulatedAgent();
  agent = createDstackAgent({ socketPath: simulated.socketPath });
});

afterEach(async () => {
  await simulated.close();
});

describe("a quote", () => {
  test("holds the report data that was asked for, and comes with log and configuration", async () => {
    const quoted = await agent.quote(REPORT_DATA);
    expect(quoted).toMatchObject({
      ok: true,
      value: { quote: { report: { reportData: toHex(REPORT_DATA) } }, vmConfig: expect.any(String) },
    });
    expect(quoted.ok && quoted.value.eventLog.length).toBeGreaterThan(5);
  });

  test("over other report data is refused, whatever the answer says beside it", async () => {
    simulated.agent.setWrongReportData(true);
    expect(await agent.quote(REPORT_DATA)).toMatchObject({ ok: false, error: { code: "agent-report-data-mismatch" } });
  });

  test.each([
    { name: "hex that ends in the middle", change: { quote: "04000" } },
    { name: "hex with other letters", change: { quote: "zz" } },
    { name: "no quote", change: { quote: null } },
    { name: "a quote that does not parse", change: { quote: "00".repeat(700) } },
    { name: "a log that is no JSON", change: { event_log: "[" } },
    { name: "a log that is no array", change: { event_log: "{}" } },
    { name: "a log that is no text", change: { event_log: [] } },
    { name: "a configuration that is no text", change: { vm_config: {} } },
  ])("with $name is refused", async ({ change }) => {
    const { quote, eventLog } = await simulated.agent.guest.quote(REPORT_DATA);
    const body = { quote: toHex(quote), event_log: eventLog, report_data: toHex(REPORT_DATA), vm_config: "{}" };
    simulated.agent.failNext("GetQuote", { kind: "answer", body });
    expect(await agent.quote(REPORT_DATA)).toMatchObject({ ok: true });
    simulated.agent.failNext("GetQuote", { kind: "answer", body: { ...body, ...change } });
    expect(await agent.quote(REPORT_DATA)).toMatchObject({ ok: false, error: { code: "agent-answer-malformed" } });
  });

  test.each([
    { fault: { kind: "error", message: "no TDX here" }, code: "agent-unavailable" },
    { fault: { kind: "disconnect" }, code: "agent-unavailable" },
    { fault: { kind: "malformed" }, code: "agent-answer-malformed" },
    { fault: { kind: "answer", body: null }, code: "agent-answer-malformed" },
    { fault: { kind: "answer", body: "text" }, code: "agent-answer-malformed" },
    { fault: { kind: "answer", body: { error: "with status 200" } }, code: "agent-answer-malformed" },
    { fault: { kind: "answer", body: { quote: "00".repeat(2 * 1024 * 1024) } }, code: "agent-answer-too-large" },
  ] as const)("that the agent answers with $fault.kind is $code", async ({ fault, code }) => {
    simulated.agent.failNext("GetQuote", fault);
    expect(await agent.quote(REPORT_DATA)).toMatchObject({ ok: false, error: { code } });
  });
});

describe("a key", () => {
  test("is the one that dstack derives for the path", async () => {
    const key = await agent.deriveKey(PATH);
    expect(key.ok && key.value.use(toHex)).toBe(keyOf(PATH));
  });

  test("does not show in what prints it", async () => {
    const key = await agent.deriveKey(PATH);
    expect(JSON.stringify(key)).not.toContain(keyOf(PATH).slice(0, 8));
  });

  test.each([
    { name: "31 bytes", key: "ab".repeat(31) },
    { name: "33 bytes", key: `${"ab".repeat(32)}cd` },
    { name: "none", key: "" },
    { name: "32 zero bytes", key: "00".repeat(32) },
    { name: "32 equal bytes", key: "5a".repeat(32) },
    { name: "hex with a prefix", key: `0x${"ab".repeat(31)}` },
    { name: "hex with a tail that the SDK would drop", key: `${"ab".repeat(32)}zz` },
    { name: "hex that stops early", key: `${"ab".repeat(20)}zz${"cd".repeat(11)}` },
  ])("of $name is refused", async ({ key }) => {
    simulated.agent.failNext("GetKey", { kind: "answer", body: { key, signature_chain: [] } });
    expect(await agent.deriveKey(PATH)).toMatchObject({ ok: false, error: { code: "agent-answer-malformed" } });
  });

  test.each([
    { fault: { kind: "error", message: "denied" }, code: "agent-unavailable" },
    { fault: { kind: "malformed" }, code: "agent-answer-malformed" },
    { fault: { kind: "answer", body: { key: null } }, code: "agent-answer-malformed" },
    { fault: { kind: "answer", body: { key: "ab", more: "x".repeat(65_536) } }, code: "agent-answer-too-large" },
  ] as const)("that the agent answers with $fault.kind is $code", async ({ fault, code }) => {
    simulated.agent.failNext("GetKey", fault);
    expect(await agent.deriveKey(PATH)).toMatchObject({ ok: false, error: { code } });
  });
});

test("an honest agent met no request that it could not answer", async () => {
  await agent.quote(REPORT_DATA);
  await agent.deriveKey(PATH);
  await agent.emitEvent("test", REPORT_DATA);
  expect(simulated.bugs).toEqual([]);
});

describe("an event", () => {
  test("that the agent refuses is no success", async () => {
    simulated.agent.setEmitEventAvailable(false);
    const outcome = await agent.emitEvent("test", REPORT_DATA);
    expect(outcome).toMatchObject({ ok: false, error: { code: "agent-unavailable" } });
    expect(outcome.ok || outcome.error.reason).toContain("Method not found");
  });
});

describe("a TLS key", () => {
  test("comes with its chain, and does not show in what prints it", async () => {
    const issued = await agent.tlsKey(["kms.example", "kms"]);
    if (!issued.ok) throw new Error(issued.error.reason);
    const { keyPem, chainPem } = issued.value;
    expect(keyPem.use((bytes) => new TextDecoder().decode(bytes))).toContain("BEGIN PRIVATE KEY");
    expect(chainPem).toHaveLength(2);
    expect(JSON.stringify(issued)).not.toContain("PRIVATE KEY");
  });

  test.each([
    { name: "no key", body: { certificate_chain: ["x"] } },
    { name: "an empty key", body: { key: "", certificate_chain: ["x"] } },
    { name: "no chain", body: { key: "x" } },
    { name: "an empty chain", body: { key: "x", certificate_chain: [] } },
    { name: "a chain of nine", body: { key: "x", certificate_chain: Array.from({ length: 9 }, () => "x") } },
    { name: "a chain of numbers", body: { key: "x", certificate_chain: [1] } },
  ])("with $name is refused", async ({ body }) => {
    simulated.agent.failNext("GetTlsKey", { kind: "answer", body });
    expect(await agent.tlsKey(["kms"])).toMatchObject({ ok: false, error: { code: "agent-answer-malformed" } });
  });
});

describe("beside the client of dstack's own SDK", () => {
  test("asks the same and understands the same", async () => {
    const sdk = new DstackClient(simulated.socketPath);
    const key = await agent.deriveKey(PATH);
    expect(key.ok && key.value.use(toHex)).toBe(toHex((await sdk.getKey(PATH, "", "secp256k1")).key));
    const quoted = await agent.quote(REPORT_DATA);
    const theirs = await sdk.getQuote(REPORT_DATA);
    // Signatures differ from quote to quote; what is signed does not.
    const SIGNED_BYTES = 632;
    expect(quoted.ok && toHex(quoted.value.bytes.subarray(0, SIGNED_BYTES))).toBe(
      theirs.quote.slice(0, 2 * SIGNED_BYTES),
    );
    expect(quoted.ok && quoted.value.eventLogText).toBe(theirs.event_log);
    await agent.emitEvent("ours", REPORT_DATA);
    await sdk.emitEvent("ours", Buffer.from(REPORT_DATA));
    const [first, second] = simulated.agent.guest.runtimeEvents().slice(-2);
    expect(first).toEqual(second);
  });
});

describe("the socket", () => {
  test("may be missing: that is an answer, and no crash", async () => {
    const absent = createDstackAgent({ socketPath: "/nonexistent/dstack.sock" });
    const outcomes = [
      await absent.quote(REPORT_DATA),
      await absent.deriveKey(PATH),
      await absent.emitEvent("a", REPORT_DATA),
    ];
    for (const outcome of outcomes) expect(outcome).toMatchObject({ ok: false, error: { code: "agent-unavailable" } });
  });

  test("may come back", async () => {
    const { socketPath } = simulated;
    const lazy = createDstackAgent({ socketPath });
    await simulated.close();
    expect((await lazy.deriveKey(PATH)).ok).toBe(false);
    simulated = await startSimulatedAgent();
    expect((await createDstackAgent({ socketPath: simulated.socketPath }).deriveKey(PATH)).ok).toBe(true);
  });

  test("is the configured one, whatever the SDK's own variable says", async () => {
    vi.stubEnv("DSTACK_SIMULATOR_ENDPOINT", "http://127.0.0.1:9");
    expect((await agent.deriveKey(PATH)).ok).toBe(true);
    vi.unstubAllEnvs();
  });

  test("that does not answer is given up in time", async () => {
    const hasty = createDstackAgent({ socketPath: simulated.socketPath, timeoutMs: 20 });
    const hold = simulated.agent.holdNext("GetKey");
    expect(await hasty.deriveKey(PATH)).toMatchObject({ ok: false, error: { code: "agent-timeout" } });
    hold.release();
  });
});
