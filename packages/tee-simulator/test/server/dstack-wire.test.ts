import { connect } from "node:net";

import { DstackClient } from "@phala/dstack-sdk";
import { expect, test } from "vitest";

import { exchange, httpRequest, parseAnswer, runAgent } from "./fixture.ts";

async function ask(socketPath: string, request: string): Promise<ReturnType<typeof parseAnswer>> {
  return parseAnswer(await exchange(socketPath, request));
}

test("answers with a length, unchunked and in ASCII, a client that closed its half with the request", async () => {
  const { agent } = await runAgent();
  agent.guest.extend("größe", new Uint8Array(0));
  const text = await exchange(agent.socketPath, httpRequest("POST", "/GetQuote", `{"report_data":"00"}`));
  const { status, headers, body } = parseAnswer(text);
  expect(status).toBe(200);
  expect(headers.get("content-length")).toBe(String(body.length));
  expect(headers.has("transfer-encoding")).toBe(false);
  expect(headers.get("content-type")).toBe("application/json");
  expect(text).toMatch(/^[\r\n\x20-\x7e]*$/);
  expect(JSON.parse(JSON.parse(body).event_log).at(-1).event).toBe("größe");
});

test("writes every header as a name, a colon, one space and a value", async () => {
  const { agent } = await runAgent();
  const [head = ""] = (await exchange(agent.socketPath, httpRequest("POST", "/Version", "{}"))).split("\r\n\r\n");
  for (const line of head.split("\r\n").slice(1)) expect(line.split(": ")).toHaveLength(2);
});

test("still answers a client that closed its half long before the answer", async () => {
  const { agent } = await runAgent();
  const hold = agent.holdNext("GetKey");
  const answer = ask(agent.socketPath, httpRequest("POST", "/GetKey", `{"path":"a"}`));
  await hold.reached;
  // Two round trips of others: by now the agent has seen the end of the first client's half.
  await ask(agent.socketPath, httpRequest("POST", "/Version", "{}"));
  await ask(agent.socketPath, httpRequest("POST", "/Version", "{}"));
  hold.release();
  expect((await answer).status).toBe(200);
});

test("closes after a client that closes its half after the answer", async () => {
  const { agent } = await runAgent();
  const closed = await new Promise<boolean>((resolve, reject) => {
    const socket = connect({ path: agent.socketPath, allowHalfOpen: true }, () => {
      socket.write(httpRequest("POST", "/Version", "{}"));
    });
    socket.once("data", () => socket.end());
    socket.once("end", () => resolve(true));
    socket.once("error", reject);
  });
  expect(closed).toBe(true);
});

test("goes on serving while a client leaves its request unfinished", async () => {
  const { agent } = await runAgent();
  const idle = connect({ path: agent.socketPath });
  const unfinished = connect({ path: agent.socketPath });
  unfinished.write(
    "POST /GetKey HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
  );
  expect(await new DstackClient(agent.socketPath).isReachable()).toBe(true);
  unfinished.destroy();
  idle.destroy();
  expect(await new DstackClient(agent.socketPath).isReachable()).toBe(true);
});

test.each([
  { name: "an unknown method", method: "POST", target: "/NoSuchMethod", body: "{}", error: "Method not found" },
  { name: "a method in the wrong case", method: "POST", target: "/getkey", body: "{}", error: "Method not found" },
  { name: "a name of Object.prototype", method: "POST", target: "/constructor", body: "{}", error: "Method not found" },
  { name: "another HTTP method", method: "PUT", target: "/GetKey", body: "{}", error: "method not allowed" },
  { name: "a body that is not JSON", method: "POST", target: "/GetKey", body: "{", error: "not strict JSON" },
  { name: "an empty body", method: "POST", target: "/GetKey", body: "", error: "not strict JSON" },
  { name: "a body that is no object", method: "POST", target: "/GetKey", body: "[]", error: "not a JSON object" },
  { name: "a repeated key", method: "POST", target: "/GetKey", body: `{"path":"a","path":"b"}`, error: "strict JSON" },
  { name: "a path that is no text", method: "POST", target: "/GetKey", body: `{"path":1}`, error: "path is not text" },
  {
    name: "an unknown algorithm",
    method: "POST",
    target: "/GetKey",
    body: `{"path":"a","algorithm":"rsa"}`,
    error: "Unsupported algorithm",
  },
  { name: "odd hex", method: "POST", target: "/GetQuote", body: `{"report_data":"0"}`, error: "not hex" },
  { name: "hex with 0x", method: "POST", target: "/GetQuote", body: `{"report_data":"0x00"}`, error: "not hex" },
  {
    name: "65 bytes of report data",
    method: "POST",
    target: "/GetQuote",
    body: `{"report_data":"${"00".repeat(65)}"}`,
    error: "longer than 64 bytes",
  },
  {
    name: "a payload that is not hex",
    method: "POST",
    target: "/EmitEvent",
    body: `{"event":"e","payload":"zz"}`,
    error: "not hex",
  },
  {
    name: "an event without name",
    method: "POST",
    target: "/EmitEvent",
    body: `{"payload":"00"}`,
    error: "event is empty",
  },
  { name: "RA-TLS", method: "POST", target: "/GetTlsKey", body: `{"usage_ra_tls":true}`, error: "not simulated" },
  {
    name: "a usage that is no truth value",
    method: "POST",
    target: "/GetTlsKey",
    body: `{"usage_server_auth":1}`,
    error: "true or false",
  },
  { name: "a repeated parameter", method: "GET", target: "/GetKey?path=a&path=b", body: "", error: "twice" },
])("refuses $name with 400 and the reason", async ({ method, target, body, error }) => {
  const { agent } = await runAgent();
  const answer = await ask(agent.socketPath, httpRequest(method, target, body));
  expect(answer.status).toBe(400);
  expect(Object.keys(JSON.parse(answer.body))).toEqual(["error"]);
  expect(JSON.parse(answer.body).error).toContain(error);
});

test("refuses a body of another media type, which real agents read as Protocol Buffers", async () => {
  const { agent } = await runAgent();
  const typed = (type: string): Promise<ReturnType<typeof parseAnswer>> =>
    ask(agent.socketPath, httpRequest("POST", "/GetKey", `{"path":"a"}`, type));
  expect((await typed("application/octet-stream")).status).toBe(400);
  expect((await typed("Application/JSON; charset=utf-8")).status).toBe(200);
});

test("takes parameters from a query and gives absent ones their default", async () => {
  const { agent } = await runAgent();
  const key = await ask(agent.socketPath, httpRequest("GET", "/GetKey?path=a%2Fb&purpose=p"));
  expect(JSON.parse(key.body).key).toBe(Buffer.from(agent.guest.keyFor("a/b")).toString("hex"));
  const empty = await ask(agent.socketPath, httpRequest("POST", "/GetKey", `{"unknown":true}`));
  expect(JSON.parse(empty.body).key).toBe(Buffer.from(agent.guest.keyFor("")).toString("hex"));
  const quote = await ask(agent.socketPath, httpRequest("GET", "/GetQuote"));
  expect(JSON.parse(quote.body).report_data).toBe("00".repeat(64));
});

test("answers null to an emitted event", async () => {
  const { agent } = await runAgent();
  const answer = await ask(agent.socketPath, httpRequest("POST", "/EmitEvent", `{"event":"e","payload":""}`));
  expect(answer).toMatchObject({ status: 200, body: "null" });
});

test("refuses a body over 64 KiB that was declared, and one that only turned out so", async () => {
  const { agent } = await runAgent();
  const body = `{"path":"${"a".repeat(70_000)}"}`;
  const declared = await ask(agent.socketPath, httpRequest("POST", "/GetKey", body));
  expect(declared.status).toBe(400);
  expect(JSON.parse(declared.body).error).toContain("larger than 65536 bytes");
  const chunked = await ask(
    agent.socketPath,
    `POST /GetKey HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n` +
      `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`,
  );
  expect(chunked.status).toBe(400);
  const allowed = await ask(agent.socketPath, httpRequest("POST", "/GetKey", `{"path":"${"a".repeat(65_000)}"}`));
  expect(allowed.status).toBe(200);
});

test("answers bytes that are not HTTP with 400 and closes", async () => {
  const { agent } = await runAgent();
  const answer = await ask(agent.socketPath, "\x16\x03\x01 this is a TLS hello\r\n\r\n");
  expect(answer.status).toBe(400);
  expect(JSON.parse(answer.body)).toEqual({ error: "malformed HTTP request" });
});

test("gives the SDK the reason of a refusal", async () => {
  const { agent } = await runAgent();
  agent.failNext("GetQuote", { kind: "error", message: "no quote today" });
  await expect(new DstackClient(agent.socketPath).getQuote("")).rejects.toThrow("no quote today");
});
