import { createPrivateKey, X509Certificate } from "node:crypto";

import { secp256k1 } from "@noble/curves/secp256k1.js";
import { keccak_256 } from "@noble/hashes/sha3.js";
import { DstackClient } from "@phala/dstack-sdk";
import { expect, test } from "vitest";

import { NOW, platform, runAgent } from "./fixture.ts";

const PROFILE = "locked-read-only";
/** Application key and derived key of the protocol's published vector. */
const VECTOR_APP_KEY = Uint8Array.from({ length: 32 }, (_, index) => 0x20 + index);
const VECTOR_PATH = "merod/storage/locked-read-only/12D3KooWA4Xop1JaT3MHxwYMkCepYsv4iPVopMXwCz5iHYdBfeSB";
const VECTOR_KEY = "e72cbfbcdd269f14670d4098b2699bf908173a20429c2edcdae2b1786f2f516f";

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

/** Report data of a version 4 quote: header 48 bytes, then byte 520 of the TD report. */
function reportDataOf(quoteHex: string): string {
  return quoteHex.slice(568 * 2, 632 * 2);
}

/** RTMR3 of a version 4 quote. */
function rtmr3Of(quoteHex: string): string {
  return quoteHex.slice(520 * 2, 568 * 2);
}

test("derives the key of the published vector", async () => {
  const guest = { ...platform.bootGuest(PROFILE), appKey: VECTOR_APP_KEY };
  const { agent } = await runAgent({ guest });
  const { key } = await new DstackClient(agent.socketPath).getKey(VECTOR_PATH);
  expect(hex(key)).toBe(VECTOR_KEY);
});

test("derives another key for another path, and the same for another purpose and algorithm", async () => {
  const { agent } = await runAgent();
  const client = new DstackClient(agent.socketPath);
  const keyOf = async (path: string, purpose?: string, algorithm?: string): Promise<string> =>
    hex((await client.getKey(path, purpose, algorithm)).key);
  const key = await keyOf("a");
  expect(await keyOf("a", "storage", "ed25519")).toBe(key);
  expect(await keyOf("a", "", "k256")).toBe(key);
  expect(await keyOf("a", "", "")).toBe(key);
  expect(await keyOf("b")).not.toBe(key);
  expect(key).toBe(hex(agent.guest.keyFor("a")));
});

test.each([
  { algorithm: "secp256k1", publicKeyOf: (key: Uint8Array) => secp256k1.getPublicKey(key, true) },
  { algorithm: "k256", publicKeyOf: (key: Uint8Array) => secp256k1.getPublicKey(key, true) },
])("signs the derived $algorithm key with the application's key", async ({ algorithm, publicKeyOf }) => {
  const { agent } = await runAgent();
  const answer = await new DstackClient(agent.socketPath).getKey("path", "purpose", algorithm);
  const [signature, kmsSignature] = answer.signature_chain;
  if (signature === undefined || kmsSignature === undefined) throw new Error("the chain is too short");
  expect(recover(signature, `purpose:${hex(publicKeyOf(answer.key))}`)).toBe(
    hex(secp256k1.getPublicKey(agent.guest.appKey, true)),
  );
  expect(recover(signature, `other:${hex(publicKeyOf(answer.key))}`)).not.toBe(
    hex(secp256k1.getPublicKey(agent.guest.appKey, true)),
  );
  expect(kmsSignature).toHaveLength(65);
  expect([0, 1]).toContain(kmsSignature[64]);
});

/** The signer of a message: signatures are r, s, recovery; the library wants the recovery byte first. */
function recover(signature: Uint8Array, message: string): string {
  const recovery = signature[64] ?? 255;
  const digest = keccak_256(new TextEncoder().encode(message));
  const point = secp256k1.recoverPublicKey(Uint8Array.of(recovery, ...signature.subarray(0, 64)), digest, {
    prehash: false,
  });
  return hex(secp256k1.Point.fromBytes(point).toBytes(true));
}

test("quotes the report data it was given, in the quote itself and beside it", async () => {
  const { agent } = await runAgent();
  const reportData = Uint8Array.from({ length: 64 }, (_, index) => index);
  const answer = await new DstackClient(agent.socketPath).getQuote(reportData);
  expect(reportDataOf(answer.quote)).toBe(hex(reportData));
  expect(answer.report_data).toBe(hex(reportData));
  expect(JSON.parse(answer.vm_config ?? "")).toMatchObject({ os_image_hash: expect.any(String) });
});

test("pads short report data with zeros on the right", async () => {
  const { agent } = await runAgent();
  const answer = await new DstackClient(agent.socketPath).getQuote(Uint8Array.of(1, 2, 3));
  const padded = `010203${"00".repeat(61)}`;
  expect(reportDataOf(answer.quote)).toBe(padded);
  expect(answer.report_data).toBe(padded);
});

test("answers an event log that replays to the registers of the quote", async () => {
  const { agent } = await runAgent();
  const answer = await new DstackClient(agent.socketPath).getQuote("nonce");
  const [rtmr0, rtmr1, rtmr2, rtmr3] = answer.replayRtmrs();
  expect(answer.quote.slice(376 * 2, 568 * 2)).toBe(`${rtmr0}${rtmr1}${rtmr2}${rtmr3}`);
});

test("extends RTMR3 and the log by an emitted event", async () => {
  const { agent } = await runAgent();
  const client = new DstackClient(agent.socketPath);
  const before = await client.getQuote("");
  await client.emitEvent("calimero.kms.profile", `calimero.kms.profile=${PROFILE}`);
  const after = await client.getQuote("");
  const { rtmr3 } = platform.measurementsFor("kms", PROFILE);
  expect(rtmr3Of(before.quote)).not.toBe(rtmr3);
  expect(rtmr3Of(after.quote)).toBe(rtmr3);
  expect(after.replayRtmrs()[3]).toBe(rtmr3);
  expect(JSON.parse(after.event_log).at(-1)).toMatchObject({
    imr: 3,
    event_type: 134_217_729,
    event: "calimero.kms.profile",
    event_payload: hex(new TextEncoder().encode(`calimero.kms.profile=${PROFILE}`)),
  });
});

test("serves characters outside ASCII without making the client wait", async () => {
  const { agent } = await runAgent();
  const client = new DstackClient(agent.socketPath);
  agent.guest.extend("ereignis-größe-✓-😀", new Uint8Array(0));
  const answer = await client.getQuote("");
  expect(JSON.parse(answer.event_log).at(-1).event).toBe("ereignis-größe-✓-😀");
  const info = await client.info();
  expect(info.tcb_info.event_log.at(-1)?.event).toBe("ereignis-größe-✓-😀");
});

test("describes the guest as it stands", async () => {
  const { agent } = await runAgent();
  const client = new DstackClient(agent.socketPath);
  await client.emitEvent("more", "data");
  const info = await client.info();
  const { application } = agent.guest;
  expect(info).toMatchObject({
    app_id: hex(application.appId),
    instance_id: hex(application.instanceId),
    compose_hash: hex(application.composeHash),
    os_image_hash: hex(application.osImageHash),
    device_id: hex(application.deviceId),
    key_provider_info: application.keyProvider,
  });
  expect(info.mr_aggregated).toMatch(/^[0-9a-f]{64}$/);
  expect(info.tcb_info).toMatchObject({ ...agent.guest.registers(), app_compose: application.appCompose });
  expect(info.tcb_info.event_log.at(-1)?.event).toBe("more");
  expect(new X509Certificate(info.app_cert).ca).toBe(true);
});

test("says its version, and is reachable", async () => {
  const { agent } = await runAgent();
  const client = new DstackClient(agent.socketPath);
  expect(await client.version()).toMatchObject({ version: "0.5.7" });
  expect(await client.isReachable()).toBe(true);
});

test("issues random TLS keys with a chain to the application's authority", async () => {
  const { agent } = await runAgent();
  const client = new DstackClient(agent.socketPath);
  const first = await client.getTlsKey({ subject: "kms", altNames: ["kms.invalid"], usageServerAuth: true });
  const second = await client.getTlsKey({ subject: "kms", altNames: ["kms.invalid"] });
  expect(first.key).not.toBe(second.key);
  const [leaf, authority] = first.certificate_chain.map((pem) => new X509Certificate(pem));
  if (leaf === undefined || authority === undefined) throw new Error("the chain is too short");
  expect(leaf.verify(authority.publicKey)).toBe(true);
  expect(leaf.checkHost("kms.invalid")).toBe("kms.invalid");
  expect(leaf.checkHost("other.invalid")).toBeUndefined();
  expect(leaf.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1"]);
  expect(leaf.validFromDate.getTime()).toBe(NOW * 1000);
  expect(leaf.checkPrivateKey(createPrivateKey(first.key))).toBe(true);
  expect(authority.toString()).toBe((await client.info()).app_cert);
});

test("answers twenty calls at a time of each kind", async () => {
  const { agent } = await runAgent();
  const client = new DstackClient(agent.socketPath);
  const numbers = Array.from({ length: 20 }, (_, index) => index);
  const [keys, quotes] = await Promise.all([
    Promise.all(numbers.map((number) => client.getKey(`path ${number}`))),
    Promise.all(numbers.map((number) => client.getQuote(Uint8Array.of(number)))),
  ]);
  expect(keys.map(({ key }) => hex(key))).toEqual(numbers.map((number) => hex(agent.guest.keyFor(`path ${number}`))));
  expect(quotes.map(({ quote }) => reportDataOf(quote).slice(0, 4))).toEqual(
    numbers.map((number) => hex(Uint8Array.of(number, 0))),
  );
});

test("keeps log and register in step while events and quotes interleave", async () => {
  const { agent } = await runAgent();
  const client = new DstackClient(agent.socketPath);
  const results = await Promise.all(
    Array.from({ length: 10 }, async (_, index) => {
      await client.emitEvent(`event-${index}`, "x");
      return client.getQuote("");
    }),
  );
  for (const answer of results) expect(answer.replayRtmrs()[3]).toBe(rtmr3Of(answer.quote));
});
