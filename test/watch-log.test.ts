import { createHash } from "node:crypto";
import { beforeEach, describe, expect, test } from "vitest";
import type { HttpPort } from "../packages/cli/src/http-client.ts";
import { GITHUB_ACTIONS_ISSUER } from "../packages/release-artifacts/src/index.ts";
import { createSimulatedSigstore } from "../packages/tee-simulator/src/sigstore/index.ts";
import { watchLog } from "../scripts/release/watch-log.ts";
import { stopOf } from "./stop-of.ts";

/** 2026-11-01T00:00:00Z. */
const NOW = 1_793_491_200;
const OURS = "https://github.com/o/n/.github/workflows/release-kms-phala.yaml@refs/heads/master";
const REKOR = "https://rekor.example";
const sigstore = createSimulatedSigstore({ now: NOW, seed: "log" });

interface Logged {
  readonly body: string;
  readonly integratedTime: number;
}

/** The log, oldest entry first; it has an older shard, of seven entries. */
let log: Logged[];
const OLDER = 7;
let asked: number;
let pauses: number[];

/** What the log keeps of a signature. */
function signed(text: string, identity = OURS, integratedTime = NOW): Logged {
  const { bundle } = sigstore.sign(Buffer.from(text), { identity, issuer: GITHUB_ACTIONS_ISSUER });
  const body = /"canonicalizedBody": ?"(?<body>[^"]+)"/.exec(bundle)?.groups?.["body"] ?? "";
  expect(body).not.toBe("");
  return { body, integratedTime };
}

function other(value: unknown, integratedTime = NOW): Logged {
  return { body: Buffer.from(JSON.stringify(value)).toString("base64"), integratedTime };
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** A Rekor; `hidden` is an entry that it leaves out. */
function rekor(hidden = -1, status = 200): HttpPort {
  return async (url, { body }) => {
    asked += 1;
    const isSize = url === `${REKOR}/api/v1/log`;
    const indices: readonly number[] = isSize ? [] : JSON.parse(body ?? "{}").logIndexes;
    expect(indices.length).toBeLessThanOrEqual(10);
    const entries = indices.flatMap((logIndex) => {
      const entry = logIndex < OLDER ? other({}, 1) : log[logIndex - OLDER];
      return entry === undefined || logIndex === hidden ? [] : [{ [`uuid${logIndex}`]: { ...entry, logIndex } }];
    });
    const answer = isSize ? { treeSize: log.length, inactiveShards: [{ treeSize: OLDER }] } : entries;
    return await Promise.resolve(new Response(JSON.stringify(answer), { status }));
  };
}

async function wait(ms: number): Promise<void> {
  await Promise.resolve(pauses.push(ms));
}

async function watched(published: readonly string[], fetch = rekor(), since = NOW - 3600) {
  const watch = { fetch, wait, rekor: REKOR, identities: [OURS], since };
  return await watchLog({ ...watch, published: new Set(published.map(digest)) });
}

beforeEach(() => {
  const others = Array.from({ length: 200 }, (_, index) => other({ kind: "rekord", spec: { index } }, NOW + index));
  log = [
    signed("long ago", OURS, NOW - 90_000),
    signed("a.json"),
    signed("x", "https://github.com/o/n/other"),
    ...others,
  ];
  [asked, pauses] = [0, []];
});

/** A Rekor that answers the first questions like this. */
function after(count: number, failure: () => Response): HttpPort {
  const whole = rekor();
  let failed = 0;
  return async (url, init) => {
    if (failed === count) return await whole(url, init);
    failed += 1;
    return failure();
  };
}

describe("the log", () => {
  test("with signatures of released files alone is in order", async () => {
    expect(await watched(["a.json"])).toEqual({ from: OLDER + 1, to: OLDER + log.length, known: 1 });
    expect(asked).toBeLessThan(40);
  });

  test("with a signature of a file that no release has is not", async () => {
    log.push(signed("policy of somebody", OURS, NOW + 500));
    expect(await stopOf(watched(["a.json"]))).toMatchObject({
      code: "signature-unknown",
      exitCode: 10,
      message: `The log has signatures of files that no release has: entry ${OLDER + log.length - 1} of 2026-11-01T00:08:20.000Z by ${OURS}.`,
    });
  });

  test("with something else than a file under our name is not", async () => {
    const certificate: unknown = JSON.parse(Buffer.from(signed("y").body, "base64").toString());
    log.push(other({ kind: "dsse", spec: { signatures: [certificate] } }, NOW + 500));
    expect(await stopOf(watched(["a.json", "y"]))).toMatchObject({ code: "signature-unknown" });
  });

  test("is looked at from an instant on", async () => {
    expect(await stopOf(watched(["a.json"], rekor(), NOW - 100_000))).toMatchObject({ code: "signature-unknown" });
  });

  test("that has stopped to grow proves nothing", async () => {
    expect(await stopOf(watched(["a.json"], rekor(), NOW + 100_000))).toMatchObject({ code: "host-failed" });
  });

  test("that keeps back what an entry says proves nothing", async () => {
    log.push({ body: "", integratedTime: NOW + 600 });
    expect(await stopOf(watched(["a.json"]))).toMatchObject({ code: "host-failed" });
  });

  test.each([
    ["leaves an entry out", rekor(OLDER + 100)],
    ["gives no answer", rekor(-1, 503)],
  ])("that %s proves nothing", async (_, fetch) => {
    expect(await stopOf(watched(["a.json"], fetch))).toMatchObject({ code: "host-failed", exitCode: 1 });
  });

  test.each([
    ["has no time", () => new Response("{}", { status: 503 })],
    ["wants patience", () => new Response("{}", { status: 429 })],
    ["sends a page", () => new Response("<html>", { status: 502 })],
    [
      "hangs up",
      () => {
        throw new TypeError("fetch failed", { cause: Object.assign(new Error("reset"), { code: "ECONNRESET" }) });
      },
    ],
  ])("is asked again, ever later, where it %s", async (_, failure) => {
    expect(await watched(["a.json"], after(4, failure))).toMatchObject({ known: 1 });
    expect(pauses).toEqual([1_000, 4_000, 16_000, 60_000]);
    expect(await stopOf(watched(["a.json"], after(5, failure)))).toMatchObject({ code: "host-failed", exitCode: 1 });
  });

  test("is not asked again where it calls the question wrong", async () => {
    const refused = after(1, () => new Response("{}", { status: 400 }));
    expect(await stopOf(watched(["a.json"], refused))).toMatchObject({ code: "host-failed" });
    expect(pauses).toEqual([]);
  });

  test("still has an unknown signature after a question that failed", async () => {
    log.push(signed("policy of somebody", OURS, NOW + 500));
    const fetch = after(1, () => new Response("{}", { status: 503 }));
    expect(await stopOf(watched(["a.json"], fetch))).toMatchObject({ code: "signature-unknown" });
  });

  test("may hold anything of others", async () => {
    log.push({ body: "!", integratedTime: NOW + 600 }, other("LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t", NOW + 600));
    expect(await watched(["a.json"])).toMatchObject({ known: 1 });
  });
});
