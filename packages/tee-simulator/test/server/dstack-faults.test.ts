import { DstackClient } from "@phala/dstack-sdk";
import { expect, test } from "vitest";

import { exchange, httpRequest, parseAnswer, runAgent } from "./fixture.ts";

test("fails as often as planned, then behaves", async () => {
  const { agent } = await runAgent();
  const client = new DstackClient(agent.socketPath);
  agent.failNext("GetQuote", { kind: "error", message: "busy" }, 2);
  await expect(client.getQuote("")).rejects.toThrow("busy");
  await expect(client.getQuote("")).rejects.toThrow("busy");
  expect((await client.getQuote("")).quote).toMatch(/^0400/);
});

test("fails only the method that was named, and in the order of the plans", async () => {
  const { agent } = await runAgent();
  const client = new DstackClient(agent.socketPath);
  agent.failNext("GetQuote", { kind: "error", message: "first" });
  agent.failNext("GetQuote", { kind: "error", message: "second" });
  expect((await client.getKey("a")).key).toHaveLength(32);
  await expect(client.getQuote("")).rejects.toThrow("first");
  await expect(client.getQuote("")).rejects.toThrow("second");
});

test("can answer a key of another length, as a broken agent might", async () => {
  const { agent } = await runAgent();
  agent.failNext("GetKey", { kind: "answer", body: { key: "ab".repeat(31), signature_chain: [] } });
  expect((await new DstackClient(agent.socketPath).getKey("a")).key).toHaveLength(31);
});

test("can swallow an event: the answer is right, register and log are not extended", async () => {
  const { agent } = await runAgent();
  const before = agent.guest.eventLog();
  agent.failNext("EmitEvent", { kind: "answer", body: null });
  await new DstackClient(agent.socketPath).emitEvent("lost", "x");
  expect(agent.guest.eventLog()).toBe(before);
});

test("can answer something that is not JSON", async () => {
  const { agent } = await runAgent();
  agent.failNext("Info", { kind: "malformed" });
  await expect(new DstackClient(agent.socketPath).info()).rejects.toThrow("failed to parse response");
});

test("can hang up instead of answering", async () => {
  const { agent } = await runAgent();
  agent.failNext("GetKey", { kind: "disconnect" });
  const text = await exchange(agent.socketPath, httpRequest("POST", "/GetKey", `{"path":"a"}`)).catch(() => "");
  expect(text).toBe("");
});

test("can say nothing until the agent closes", async () => {
  const { agent } = await runAgent();
  agent.failNext("GetKey", { kind: "hang" });
  const silent = exchange(agent.socketPath, httpRequest("POST", "/GetKey", `{"path":"a"}`)).catch(() => "");
  // The next call is answered while the first one hangs.
  expect(await new DstackClient(agent.socketPath).isReachable()).toBe(true);
  await agent.close();
  expect(await silent).toBe("");
});

test("holds a call at the door until it is let in", async () => {
  const { agent } = await runAgent();
  const client = new DstackClient(agent.socketPath);
  const hold = agent.holdNext("GetKey");
  let answered = false;
  const held = client.getKey("a").then((answer) => {
    answered = true;
    return answer;
  });
  await hold.reached;
  await client.getKey("b");
  expect(answered).toBe(false);
  hold.release();
  expect((await held).key).toHaveLength(32);
});

test("closes while a call is held and another waits out its latency", async () => {
  const { agent } = await runAgent();
  const hold = agent.holdNext("GetKey");
  const held = exchange(agent.socketPath, httpRequest("POST", "/GetKey", `{"path":"a"}`)).catch(() => "");
  await hold.reached;
  agent.setLatency(3_600_000);
  const slow = exchange(agent.socketPath, httpRequest("POST", "/Info", "{}")).catch(() => "");
  await agent.close();
  expect(await Promise.all([held, slow])).toEqual(["", ""]);
});

test("answers under latency, too", async () => {
  const { agent } = await runAgent();
  agent.setLatency(1);
  expect((await new DstackClient(agent.socketPath).getKey("a")).key).toHaveLength(32);
});

test("without EmitEvent the method is unknown and the version is 0.6", async () => {
  const { agent } = await runAgent();
  agent.setEmitEventAvailable(false);
  const request = httpRequest("POST", "/EmitEvent", `{"event":"e","payload":""}`);
  const answer = parseAnswer(await exchange(agent.socketPath, request));
  expect(answer.status).toBe(400);
  expect(JSON.parse(answer.body).error).toContain("Method not found");
  const client = new DstackClient(agent.socketPath);
  expect((await client.version()).version).toBe("0.6.0");
  agent.setEmitEventAvailable(true);
  expect(parseAnswer(await exchange(agent.socketPath, request)).status).toBe(200);
});

test("with wrong report data the quote says something else than the answer", async () => {
  const { agent } = await runAgent();
  const client = new DstackClient(agent.socketPath);
  agent.setWrongReportData(true);
  const wrong = await client.getQuote(new Uint8Array(64));
  expect(wrong.report_data).toBe("00".repeat(64));
  expect(wrong.quote.slice(568 * 2, 632 * 2)).toBe("ff".repeat(64));
  agent.setWrongReportData(false);
  expect((await client.getQuote(new Uint8Array(64))).quote.slice(568 * 2, 632 * 2)).toBe("00".repeat(64));
});

test("behaves again when told so", async () => {
  const { agent } = await runAgent();
  agent.failNext("GetQuote", { kind: "error", message: "busy" }, 100);
  agent.setLatency(3_600_000);
  agent.setEmitEventAvailable(false);
  agent.setWrongReportData(true);
  agent.behave();
  const client = new DstackClient(agent.socketPath);
  const answer = await client.getQuote(new Uint8Array(64));
  expect(answer.quote.slice(568 * 2, 632 * 2)).toBe("00".repeat(64));
  expect((await client.version()).version).toBe("0.5.7");
});
