import { X509Certificate } from "node:crypto";
import type { HttpPort } from "../../packages/cli/src/http-client.ts";
import { exchangeJson } from "../../packages/cli/src/json-client.ts";
import { toPlainJson } from "../../packages/tdx-quote/src/json.ts";
import { stopLane } from "./lane-stop.ts";
import { at, listAt, textAt } from "./mero-tee.ts";

/** What to look for in a transparency log. */
export interface LogWatch {
  readonly fetch: HttpPort;
  /** Waits. */
  readonly wait: (milliseconds: number) => Promise<void>;
  /** Address of a Rekor, version 1. */
  readonly rekor: string;
  /** Subjects of certificates: workflows at their ref. */
  readonly identities: readonly string[];
  /** SHA-256 of every file that a release has, lower-case hex. */
  readonly published: ReadonlySet<string>;
  /** Entries from this instant on, Unix seconds. */
  readonly since: number;
}

/** What was looked at. */
export interface WatchedLog {
  readonly from: number;
  readonly to: number;
  /** Signatures by the identities that are of published files. */
  readonly known: number;
}

interface Entry {
  readonly index: number;
  readonly integratedTime: number;
  readonly body: string;
}

/** Most entries that Rekor gives at once, and questions at a time. */
const BATCH = 10;
const AT_ONCE = 8;

/**
 * Reads the newest part of the log, entry by entry, and stops at any signature by one of the identities over a file that no release
 * has: whoever can run a release workflow leaves one, whatever becomes of what was signed. A log that leaves entries out, or has
 * stopped to grow, is a failure; that it shows everybody the same ones is for its own monitors to see.
 *
 * Source: Sigstore, Rekor API 1.0, log info and retrieval by index; docs/releases.md.
 */
export async function watchLog(watch: LogWatch): Promise<WatchedLog> {
  const to = await sizeOfLog(watch);
  const from = await firstSince(watch, to);
  if (from === to) stopLane("host-failed", `${watch.rekor} has nothing new, so there is nothing to see in it.`);
  const unknown: string[] = [];
  let known = 0;
  for (let start = from; start < to; start += BATCH * AT_ONCE) {
    const starts = Array.from({ length: AT_ONCE }, (_, batch) => start + batch * BATCH).filter((each) => each < to);
    const batches = await Promise.all(starts.map((each) => entriesAt(watch, range(each, Math.min(each + BATCH, to)))));
    for (const { index, integratedTime, body } of batches.flat()) {
      const signer = signerOf(body, watch.identities);
      if (signer === null) continue;
      const digest = digestOf(body);
      if (digest !== null && watch.published.has(digest)) known += 1;
      else unknown.push(`entry ${index} of ${new Date(integratedTime * 1000).toISOString()} by ${signer}`);
    }
  }
  if (unknown.length > 0)
    stopLane("signature-unknown", `The log has signatures of files that no release has: ${unknown.join("; ")}.`);
  return { from, to, known };
}

function range(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from }, (_, offset) => from + offset);
}

/** Indices run on over the shards that the log has had. */
async function sizeOfLog(watch: LogWatch): Promise<number> {
  const log = await ask(watch, "/api/v1/log");
  const sizes = [log, ...listAt(log, "inactiveShards")].map((shard) => at(shard, "treeSize"));
  const size = sizes.reduce<number>((sum, each) => (typeof each === "number" ? sum + each : Number.NaN), 0);
  return Number.isSafeInteger(size)
    ? size
    : stopLane("host-failed", `${watch.rekor} does not say how long its log is.`);
}

/** The first entry of an instant; entries are in the order of their times. */
async function firstSince(watch: LogWatch, size: number): Promise<number> {
  let [low, high] = [0, size];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const [entry] = await entriesAt(watch, [middle]);
    if (entry !== undefined && entry.integratedTime < watch.since) low = middle + 1;
    else high = middle;
  }
  return low;
}

async function entriesAt(watch: LogWatch, indices: readonly number[]): Promise<readonly Entry[]> {
  const answer = await ask(watch, "/api/v1/log/entries/retrieve", { logIndexes: indices });
  const entries = (Array.isArray(answer) ? answer : []).flatMap((named: unknown) =>
    Object.values(typeof named === "object" && named !== null ? named : {}).map((entry: unknown): Entry => {
      const [index, integratedTime] = [at(entry, "logIndex"), at(entry, "integratedTime")];
      return { index: Number(index), integratedTime: Number(integratedTime), body: textAt(entry, "body") };
    }),
  );
  const given = new Set(entries.flatMap(({ index, body }) => (body === "" ? [] : [index])));
  const missing = indices.find((index) => !given.has(index));
  if (missing !== undefined) stopLane("host-failed", `${watch.rekor} leaves entry ${missing} of its log out.`);
  return entries.filter(({ index }) => indices.includes(index));
}

/** Pauses before a question is asked again; a whole day of the log takes thousands of them, of which none may fail. */
const PAUSES_MS = [1_000, 4_000, 16_000, 60_000] as const;

/** Asks, and where that fails in a way that may pass, asks again after a while. */
async function ask(watch: LogWatch, path: string, body?: unknown): Promise<unknown> {
  const url = `${watch.rekor}${path}`;
  for (let attempt = 0; ; attempt += 1) {
    const answer = await exchangeJson(watch.fetch, { url, ...(body === undefined ? {} : { body }) });
    if (answer.ok && answer.value.status === 200) return toPlainJson(answer.value.value);
    const reason = answer.ok ? `${url} answered with status ${answer.value.status}.` : `${url}: ${answer.error}.`;
    // What Rekor calls wrong stays wrong; patience is asked for with 429, and a time-out of its own is 408.
    const isFinal = answer.ok && answer.value.status < 500 && ![408, 429].includes(answer.value.status);
    const pauseMs = PAUSES_MS[attempt];
    if (pauseMs === undefined || isFinal) return stopLane("host-failed", reason);
    await watch.wait(pauseMs);
  }
}

/** Which of the identities a certificate in an entry names, whatever kind of entry it is; null for none. */
function signerOf(body: string, identities: readonly string[]): string | null {
  const names = new Set(textsIn(parsed(body)).flatMap(subjectsOf));
  return identities.find((identity) => names.has(`URI:${identity}`)) ?? null;
}

/** The digest of the one file that an entry is about; null for an entry of another kind. */
function digestOf(body: string): string | null {
  const entry = parsed(body);
  const hash = at(entry, "spec", "data", "hash");
  const isFile = textAt(entry, "kind") === "hashedrekord" && textAt(hash, "algorithm") === "sha256";
  return isFile ? textAt(hash, "value") : null;
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(Buffer.from(body, "base64").toString());
  } catch {
    // Anybody may put anything into the log; what is no JSON carries no certificate.
    return null;
  }
}

function textsIn(value: unknown): readonly string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

/** Base64 of a certificate in PEM, of which most of the base64 begins alike. */
const PEM_BASE64 = /^LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t/;

function subjectsOf(text: string): readonly string[] {
  if (!PEM_BASE64.test(text)) return [];
  try {
    return new X509Certificate(Buffer.from(text, "base64")).subjectAltName?.split(", ") ?? [];
  } catch {
    // As above: what is no certificate names nobody.
    return [];
  }
}
