import { parseStrictJson, type JsonValue } from "@mero-tee/tdx-quote/json";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

import type { Problem } from "./protocol.ts";

/** What this site's API answered. Nothing in it is verified. */
export interface ApiAnswer {
  readonly json: JsonValue;
  /** Unix seconds by the API's clock; null where it does not say. */
  readonly date: number | null;
  /** Whether the API may ask private addresses, which only a development server does. */
  readonly isDevelopment: boolean;
}

/** Far above any honest answer: an attestation, two sets of collateral and a token. */
const LIMIT_BYTES = 8 * 1024 * 1024;
const TIME_LIMIT_MS = 45_000;

/** Asks this site's API with GET. */
export async function getFromApi(path: string): Promise<Result<ApiAnswer, Problem>> {
  return await ask(path, { method: "GET" });
}

/** Asks this site's API with POST. */
export async function postToApi(path: string, body: unknown): Promise<Result<ApiAnswer, Problem>> {
  const headers = { "content-type": "application/json" };
  return await ask(path, { method: "POST", headers, body: JSON.stringify(body) });
}

/** The name under which an API that may ask private addresses says so. */
const INSECURE_HEADER = "x-mero-insecure";

async function ask(path: string, init: RequestInit): Promise<Result<ApiAnswer, Problem>> {
  try {
    const response = await fetch(path, {
      ...init,
      credentials: "omit",
      cache: "no-store",
      redirect: "error",
      referrerPolicy: "no-referrer",
      signal: AbortSignal.timeout(TIME_LIMIT_MS),
    });
    const bytes = await readBounded(response);
    const json = bytes === null ? null : parseStrictJson(bytes, { maxBytes: LIMIT_BYTES });
    if (json === null || !json.ok) return err(problem("unreadable", [`HTTP ${response.status}`]));
    if (!response.ok) return err(problemOf(json.value, response));
    const date = Date.parse(response.headers.get("date") ?? "");
    return ok({
      json: json.value,
      date: Number.isNaN(date) ? null : Math.floor(date / 1000),
      isDevelopment: response.headers.has(INSECURE_HEADER),
    });
  } catch {
    // No network, a time-out, a redirect: the browser says no more that would help.
    return err(problem("unreachable", []));
  }
}

/** Reads a body, and gives up where it grows beyond the limit. */
async function readBounded(response: Response): Promise<Uint8Array<ArrayBuffer> | null> {
  if (response.body === null) return null;
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  for await (const chunk of chunksOf(response.body)) {
    length += chunk.length;
    if (length > LIMIT_BYTES) return null;
    chunks.push(chunk);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

async function* chunksOf(body: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel();
  }
}

function problem(code: string, facts: readonly string[], retryAfterSeconds: number | null = null): Problem {
  return { code, facts, retryAfterSeconds };
}

/** Codes and rules are words of a closed list; anything else is not shown. */
const WORD = /^[a-z][a-z0-9_]{0,40}$/;

function problemOf(json: JsonValue, response: Response): Problem {
  const member = (name: string): string | null => {
    const value = json instanceof Map ? json.get(name) : undefined;
    return typeof value === "string" && WORD.test(value) ? value : null;
  };
  const reason = member("reason");
  const wait = Number.parseInt(response.headers.get("retry-after") ?? "", 10);
  const facts = [`HTTP ${response.status}`, ...(reason === null ? [] : [reason])];
  return problem(member("code") ?? "other", facts, Number.isFinite(wait) ? Math.min(wait, 86_400) : null);
}
