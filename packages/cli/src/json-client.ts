import { parseStrictJson, type JsonValue } from "@mero-tee/tdx-quote/json";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

import type { HttpPort, HttpPortResponse } from "./http-client.ts";

/** A request to a service of the simulated platform or a KMS. */
export interface JsonRequest {
  readonly url: string;
  /** Absent: GET. Present: POST with this document. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

/** An answer: any status, a body that is JSON. */
export interface JsonAnswer {
  readonly status: number;
  readonly value: JsonValue;
  /** What it says of the time, Unix seconds; null where it says nothing. */
  readonly sentAt: number | null;
}

const DEFAULT_TIMEOUT_MS = 30_000;
const ANSWER_LIMIT_BYTES = 16 * 1024 * 1024;

/**
 * Exchanges JSON with a service: bounded in time and size, no redirects.
 *
 * Errors: why there was no answer, as a clause: "it refused the connection".
 */
export async function exchangeJson(fetch: HttpPort, request: JsonRequest): Promise<Result<JsonAnswer, string>> {
  const { url, body, headers = {}, timeoutMs = DEFAULT_TIMEOUT_MS } = request;
  try {
    const response = await fetch(url, {
      method: body === undefined ? "GET" : "POST",
      headers: { accept: "application/json", "content-type": "application/json", ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      redirect: "manual",
      signal: AbortSignal.timeout(timeoutMs),
    });
    const bytes = await boundedBody(response, ANSWER_LIMIT_BYTES);
    if (bytes === null) return err(`its answer is longer than ${ANSWER_LIMIT_BYTES} bytes`);
    const json = parseStrictJson(bytes, { maxBytes: ANSWER_LIMIT_BYTES });
    return json.ok
      ? ok({ status: response.status, value: json.value, sentAt: readDate(response.headers.get("date")) })
      : err(`its answer (${response.status}) is not JSON`);
  } catch (error) {
    return err(reasonOf(error, timeoutMs));
  }
}

function readDate(text: string | null): number | null {
  const seconds = text === null ? Number.NaN : Date.parse(text) / 1000;
  return Number.isNaN(seconds) ? null : seconds;
}

/** Reads a body whole; null, and the rest is let go of, where it is longer than that. */
export async function boundedBody(
  { body }: HttpPortResponse,
  limitBytes: number,
): Promise<Uint8Array<ArrayBuffer> | null> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  if (body === null) return new Uint8Array(0);
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return Buffer.concat(chunks);
    size += value?.length ?? 0;
    if (size > limitBytes) {
      await reader.cancel();
      return null;
    }
    if (value !== undefined) chunks.push(value);
  }
}

/** Why there was no answer, as a clause. */
export function reasonOf(error: unknown, timeoutMs: number): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "TimeoutError") return `it gave no answer within ${timeoutMs / 1000} seconds`;
  // fetch says "fetch failed" and keeps what happened in `cause`.
  const { cause } = error;
  if (cause instanceof Error && "code" in cause && typeof cause.code === "string") return cause.code;
  return cause instanceof Error && cause.message !== "" ? cause.message : error.message;
}
