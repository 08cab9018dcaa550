import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";

import { fakeFetch, json, type FakeAnswer } from "./fake-services.ts";
import { memoryFiles } from "./memory-files.ts";
import { documentOf, runInWorld } from "./run-cli.ts";

const FIELDS = ["schemaVersion", "peerId", "kmsVerified", "wire", "keyFingerprint", "out", "kmsError", "failure"];
const PEER_ID = "12D3KooWA4Xop1JaT3MHxwYMkCepYsv4iPVopMXwCz5iHYdBfeSB";
const KEY = "e72cbfbcdd269f14670d4098b2699bf908173a20429c2edcdae2b1786f2f516f";
const FINGERPRINT = createHash("sha256").update(Buffer.from(KEY, "hex")).digest("hex").slice(0, 16);
const NONCE = Buffer.alloc(32, 7);

const FILES = { "node.key": "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f" };
const ARGS = [
  "kms",
  "get-key",
  "http://127.0.0.1:8080",
  "--identity",
  "node.key",
  "--simulator",
  "http://127.0.0.1:8787",
];

const SERVICES: Readonly<Record<string, FakeAnswer>> = {
  "/challenge": json({
    challengeId: "00112233445566778899aabbccddeeff",
    nonceB64: NONCE.toString("base64"),
    expiresAt: 1,
  }),
  "/quote": json({ quote: "0400", event_log: "[]" }),
  "/get-key": json({ key: KEY }),
};

describe("kms get-key", () => {
  test("prints a fingerprint and never the key, and warns that the KMS was not verified", async () => {
    const fetch = fakeFetch(SERVICES);
    const outcome = await runInWorld([...ARGS, "--json"], { fetch, files: memoryFiles(FILES) });
    expect(outcome.exitCode).toBe(0);
    const document = documentOf(outcome);
    expect(Object.keys(document)).toEqual(FIELDS);
    expect(document).toEqual({
      schemaVersion: 1,
      peerId: PEER_ID,
      kmsVerified: false,
      wire: "plain",
      keyFingerprint: FINGERPRINT,
      out: null,
      kmsError: null,
      failure: null,
    });
    expect(outcome.stderr).toContain("NOT verified");
    const people = await runInWorld(ARGS, { fetch, files: memoryFiles(FILES) });
    expect(people.stdout).toContain(FINGERPRINT);
    for (const text of [outcome.stdout, outcome.stderr, people.stdout, people.stderr]) expect(text).not.toContain(KEY);
  });

  test("asks for a quote of this node's profile over nonce and peer id", async () => {
    const fetch = fakeFetch(SERVICES);
    await runInWorld([...ARGS, "--profile", "debug"], { fetch, files: memoryFiles(FILES) });
    const peerIdHash = createHash("sha256").update(PEER_ID).digest("hex");
    expect(fetch.requests.map(({ url }) => new URL(url).pathname)).toEqual(["/challenge", "/quote", "/get-key"]);
    expect(fetch.requests[1]?.body).toEqual({
      report_data: NONCE.toString("hex") + peerIdHash,
      profile: "debug",
      role: "node",
    });
    expect(fetch.requests[2]?.body).toMatchObject({ peerId: PEER_ID, quoteB64: "BAA=" });
  });

  test("writes the key only where it is told to, as a secret", async () => {
    const files = memoryFiles(FILES);
    const outcome = await runInWorld([...ARGS, "--out", "storage.key", "--json"], {
      fetch: fakeFetch(SERVICES),
      files,
    });
    expect(documentOf(outcome)).toMatchObject({ out: "storage.key", keyFingerprint: FINGERPRINT });
    expect([...files.written]).toEqual([["storage.key", { text: `${KEY}\n`, kind: "secret" }]]);
    expect(outcome.stdout + outcome.stderr).not.toContain(KEY);
  });

  test.each([
    { status: 401, tag: "invalid_challenge", exitCode: 10 },
    { status: 403, tag: "measurement_policy_rejected", exitCode: 10 },
    { status: 429, tag: "rate_limited", exitCode: 1 },
    { status: 500, tag: "key_derivation_failed", exitCode: 1 },
    { status: 503, tag: "policy_not_ready", exitCode: 1 },
  ])("a KMS that says $tag ends in $exitCode", async ({ status, tag, exitCode }) => {
    const fetch = fakeFetch({ ...SERVICES, "/get-key": json({ error: tag, details: "why" }, status) });
    const outcome = await runInWorld([...ARGS, "--json"], { fetch, files: memoryFiles(FILES) });
    expect(outcome.exitCode).toBe(exitCode);
    expect(documentOf(outcome)).toMatchObject({
      peerId: PEER_ID,
      keyFingerprint: null,
      kmsError: { status, tag },
      failure: { code: "kms-refused", stage: "get-key" },
    });
  });

  test.each([
    { name: "a KMS that nobody is", path: "/challenge", stage: "challenge", code: "kms-unreachable", exitCode: 1 },
    { name: "a simulator that nobody is", path: "/quote", stage: "quote", code: "quote-provider-failed", exitCode: 1 },
  ])("$name ends in $exitCode", async ({ path, stage, code, exitCode }) => {
    const services = Object.fromEntries(Object.entries(SERVICES).filter(([name]) => name !== path));
    const outcome = await runInWorld([...ARGS, "--json"], { fetch: fakeFetch(services), files: memoryFiles(FILES) });
    expect(outcome.exitCode).toBe(exitCode);
    expect(documentOf(outcome)).toMatchObject({ keyFingerprint: null, failure: { code, stage } });
  });

  test.each([
    { name: "a short key", answer: json({ key: "00".repeat(16) }), code: "answer-key-invalid" },
    { name: "a long key", answer: json({ key: "ab".repeat(33) }), code: "key-length-unexpected" },
    { name: "something else", answer: json([]), code: "answer-shape-invalid" },
  ])("refuses a KMS that answers with $name, and quotes none of it", async ({ answer, code }) => {
    const fetch = fakeFetch({ ...SERVICES, "/get-key": answer });
    const outcome = await runInWorld([...ARGS, "--json"], { fetch, files: memoryFiles(FILES) });
    expect(outcome.exitCode).toBe(10);
    expect(documentOf(outcome)).toMatchObject({ failure: { code } });
    expect(outcome.stdout).not.toContain("ab".repeat(33));
  });

  test.each([
    { name: "no quote provider", args: ARGS.slice(0, 5), exitCode: 2, code: "usage-invalid" },
    {
      name: "an identity that is missing",
      args: ARGS.map((word) => word.replace("node.key", "absent")),
      exitCode: 11,
      code: "file-missing",
    },
    { name: "a policy that is missing", args: [...ARGS, "--policy", "absent"], exitCode: 11, code: "file-missing" },
    {
      name: "a sealed key without a policy to judge who sealed it",
      args: [...ARGS, "--wire", "wrapped"],
      exitCode: 2,
      code: "usage-invalid",
    },
    {
      name: "a KMS without a URL",
      args: ARGS.map((word) => word.replace("http://127.0.0.1:8080", "kms")),
      exitCode: 2,
      code: "kms-url-invalid",
    },
    {
      name: "a policy for a KMS over plain http",
      args: [...ARGS.map((word) => word.replace("http://127.0.0.1:8080", "http://kms.example")), "--policy", "p"],
      exitCode: 2,
      code: "usage-invalid",
    },
  ])("$name ends in $exitCode, and nobody was asked", async ({ args, exitCode, code }) => {
    const fetch = fakeFetch(SERVICES);
    const outcome = await runInWorld([...args, "--json"], { fetch, files: memoryFiles(FILES) });
    expect(outcome.exitCode).toBe(exitCode);
    expect(documentOf(outcome)).toMatchObject({ keyFingerprint: null, failure: { code } });
    expect(fetch.requests).toEqual([]);
  });
});

describe("kms probe", () => {
  const PROBE = ["kms", "probe", ...ARGS.slice(2), "--json"];

  test("is ok where a node would get its key, and does not show it", async () => {
    const outcome = await runInWorld(PROBE, { fetch: fakeFetch(SERVICES), files: memoryFiles(FILES) });
    expect(outcome.exitCode).toBe(0);
    expect(documentOf(outcome)).toEqual({ schemaVersion: 1, ok: true, stage: "get_key", code: "OK", failure: null });
    expect(outcome.stdout + outcome.stderr).not.toContain(KEY);
  });

  test.each([
    {
      path: "/get-key",
      tag: "measurement_policy_rejected",
      status: 403,
      stage: "get_key",
      code: "KMS_PROFILE_POLICY_REJECTED",
    },
    { path: "/get-key", tag: "invalid_signature", status: 401, stage: "get_key", code: "KMS_GET_KEY_SIGNATURE_FAILED" },
    { path: "/challenge", tag: "rate_limited", status: 429, stage: "challenge", code: "KMS_CHALLENGE_REJECTED" },
  ])("names $tag as nodes do: $code", async ({ path, tag, status, stage, code }) => {
    const fetch = fakeFetch({ ...SERVICES, [path]: json({ error: tag }, status) });
    const outcome = await runInWorld(PROBE, { fetch, files: memoryFiles(FILES) });
    expect(outcome.exitCode).toBe(10);
    const document = documentOf(outcome);
    expect(Object.keys(document)).toEqual(["schemaVersion", "ok", "stage", "code", "details", "kms_error", "failure"]);
    expect(document).toMatchObject({ ok: false, stage, code, kms_error: tag, failure: { code: "kms-probe-failed" } });
  });

  test("shows people nothing of a KMS's words that could steer a terminal", async () => {
    const error = "\u{9b}2J\u{202e}\u{1b}]0;x\u{7}\u{85}\u{e0001}";
    const fetch = fakeFetch({ ...SERVICES, "/challenge": json({ error, details: error }, 403) });
    const outcome = await runInWorld(PROBE.slice(0, -1), { fetch, files: memoryFiles(FILES) });
    expect(outcome.exitCode).toBe(10);
    expect(outcome.stdout).toContain(String.raw`KMS error   "\u009b2J\u202e\u001b]0;x\u0007\u0085\udb40\udc01"`);
    expect(outcome.stdout).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}]/u);
    const document = await runInWorld(PROBE, { fetch, files: memoryFiles(FILES) });
    expect(document.stdout).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}]/u);
    expect(documentOf(document)).toMatchObject({ kms_error: error });
  });

  test.each([
    { name: "nobody there", url: "http://127.0.0.1:8080", code: "KMS_CHALLENGE_REQUEST_FAILED", exitCode: 1 },
    { name: "no URL", url: "kms", code: "KMS_ENDPOINT_URL_INVALID", exitCode: 2 },
  ])("$name is $code and ends in $exitCode", async ({ url, code, exitCode }) => {
    const args = PROBE.map((word) => word.replace("http://127.0.0.1:8080", url));
    const outcome = await runInWorld(args, { files: memoryFiles(FILES) });
    expect(outcome.exitCode).toBe(exitCode);
    expect(documentOf(outcome)).toMatchObject({ ok: false, code });
  });
});
