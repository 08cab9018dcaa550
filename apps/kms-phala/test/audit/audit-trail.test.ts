import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createHash } from "node:crypto";
import { type AuditEvent, type AuditRecord, verifyAuditFile } from "@mero-tee/kms-protocol/audit";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openAuditFile } from "../../src/audit/audit-file-store.ts";
import { createAuditTrail, type RunningAuditTrail } from "../../src/audit/audit-trail.ts";
import { identifyPolicy } from "../../src/policy/policy-identity.ts";
import { type Harness, keyOf, makePeer, mockQuote, NOW, quoteWith, startHarness } from "../harness.ts";

const POLICY_DIGEST = "0f".repeat(32);
const peer = makePeer();
let folder: string;
let path: string;
let trail: RunningAuditTrail;
let harness: Harness;
let failures: string[];
let pending: (() => void)[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "kms-trail-"));
  path = join(folder, "audit.jsonl");
  failures = [];
  pending = [];
  const file = await openAuditFile(path, () => NOW);
  if (!file.ok) throw new Error(file.error);
  trail = createAuditTrail({
    file: file.value,
    schedule(work) {
      pending.push(work);
      return () => undefined;
    },
    now: () => NOW,
    onFailure: (kind, reason) => void failures.push(`${kind}: ${reason}`),
  });
  harness = await startHarness({
    env: { LOG_LEVEL: "trace" },
    deps: { audit: trail, policyIdentity: () => identifyPolicy("file", "2.4.0", POLICY_DIGEST) },
  });
});

afterEach(async () => {
  await harness.app.close();
  await rm(folder, { recursive: true });
});

/** Stops the trail, and reads what it wrote. */
async function recorded(): Promise<readonly AuditEvent[]> {
  await trail.stop();
  const text = await readFile(path, "utf8");
  expect(verifyAuditFile(Buffer.from(text)).problem).toBeNull();
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const record: AuditRecord = JSON.parse(line);
      return record.event;
    });
}

function sha256(content: string | Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}

describe("a key release", () => {
  test("is on the disk before the key leaves, with peer, quote, policy and the id of the request", async () => {
    const body = await harness.request(peer);
    const answer = await harness.post("/get-key", body);
    expect(answer.statusCode).toBe(200);
    expect(await recorded()).toEqual([
      {
        kind: "release",
        requestId: answer.headers["x-request-id"],
        peer: sha256(peer.peerId),
        quote: sha256(Buffer.from(body.quoteB64, "base64")),
        policy: POLICY_DIGEST,
        wire: "plain",
        tcbStatus: "UpToDate",
        fmspc: expect.stringMatching(/^[0-9a-f]{12}$/),
        measurementSet: null,
      },
    ]);
  });

  test("names its record in the log, so that a log kept elsewhere shows a cut-off end", async () => {
    await harness.post("/get-key", await harness.request(peer));
    const lines = harness.logs.map((line): Record<string, unknown> => JSON.parse(line));
    const line = lines.find(({ path: asked, status }) => asked === "/get-key" && status === 200);
    const { summary } = verifyAuditFile(await readFile(path));
    expect(line).toMatchObject({
      audit: summary.head,
      policy: POLICY_DIGEST,
      peer: sha256(peer.peerId).slice(0, 16),
      wire: "plain",
      tcbStatus: "UpToDate",
      measurementSet: null,
    });
    await trail.stop();
  });

  test("that cannot be recorded gives no key, and is tried again with the next one", async () => {
    await writeFile(path, "planted\n");
    const refused = await harness.post("/get-key", await harness.request(peer));
    expect(refused.statusCode).toBe(503);
    expect(refused.json()).toEqual({ error: "audit_unavailable", details: "the release could not be recorded" });
    expect(refused.body).not.toContain(keyOf(`merod/storage/locked-read-only/${peer.peerId}`));
    expect(failures).toEqual(["release: another process wrote to it"]);
    await writeFile(path, "");
    expect((await harness.post("/get-key", await harness.request(peer))).statusCode).toBe(200);
    expect(await recorded()).toMatchObject([{ kind: "release" }]);
  });
});

describe("a refusal", () => {
  test("of a genuine machine is recorded", async () => {
    const answer = await harness.post(
      "/get-key",
      await harness.request(peer, { quote: quoteWith({ profile: "debug" }) }),
    );
    expect(answer.statusCode).toBe(403);
    expect(await recorded()).toMatchObject([
      { kind: "refusal", code: "measurements-refused", peer: sha256(peer.peerId), policy: POLICY_DIGEST },
    ]);
  });

  test("of anything that a stranger can make costs a record a minute, however many there are", async () => {
    const body = await harness.request(peer);
    for (let index = 0; index < 50; index += 1) {
      await harness.post("/get-key", { ...body, challengeId: index.toString(16).padStart(32, "f") });
      await harness.post("/get-key", { ...body, challengeId: `planted-${index}` });
    }
    await harness.post("/get-key", await harness.request(peer, { quote: mockQuote }));
    expect(await readFile(path, "utf8")).toBe("");
    pending.at(-1)?.();
    expect(await recorded()).toEqual([
      {
        kind: "counts",
        since: NOW,
        refused: [
          { code: "challenge-id-malformed", count: 50 },
          { code: "challenge-unknown", count: 50 },
          { code: "mock-quote-refused", count: 1 },
        ],
      },
    ]);
  });

  test("of genuine machines costs 60 records a minute at most, and the rest are counted", async () => {
    const event = { kind: "refusal", code: "tcb-status-refused", requestId: crypto.randomUUID() } as const;
    const digests = { peer: POLICY_DIGEST, quote: POLICY_DIGEST, policy: null };
    for (let index = 0; index < 100; index += 1) trail.refused(event.code, () => ({ ...event, ...digests }));
    const events = await recorded();
    expect(events.filter(({ kind }) => kind === "refusal")).toHaveLength(60);
    expect(events.at(-1)).toEqual({ kind: "counts", since: NOW, refused: [{ code: event.code, count: 40 }] });
  });
});

test("no line holds a key, nonce, signature, quote or peer id", async () => {
  const body = await harness.request(peer);
  await harness.post("/get-key", body);
  await harness.post("/get-key", { ...body, peerId: "planted\n{}", challengeId: "planted" });
  await harness.post("/get-key", await harness.request(peer, { quote: quoteWith({ profile: "debug" }) }));
  await trail.stop();
  const text = await readFile(path, "utf8");
  expect(text.split("\n").length).toBeGreaterThan(3);
  const nonce = Buffer.from(body.quoteB64, "base64").subarray(568, 600);
  const secrets = [
    keyOf(`merod/storage/locked-read-only/${peer.peerId}`),
    nonce.toString("hex"),
    nonce.toString("base64"),
    body.signatureB64,
    body.peerPublicKeyB64,
    body.quoteB64.slice(0, 60),
    peer.peerId,
    body.challengeId,
    "planted",
  ];
  expect(secrets.filter((secret) => text.includes(secret))).toEqual([]);
});
