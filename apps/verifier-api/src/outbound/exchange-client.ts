import { performance } from "node:perf_hooks";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";
import { Client, type Dispatcher } from "undici";
import type { Exchange, ExchangeFailure, ExchangePort, ExchangeRequest } from "./exchange.ts";
import { type Dial, openConnection, type OpenConnection } from "./socket-client.ts";

const MAX_HEADER_BYTES = 16 * 1024;
const DRIP_CHECK_MS = 100;

/** Carries out of a stream why it was given up. */
class GivenUp extends Error {
  readonly failure: ExchangeFailure;

  constructor(failure: ExchangeFailure) {
    super(failure.code);
    this.failure = failure;
  }
}

/**
 * Makes the one way out to the network: a connection of its own for each request, to an address that was checked before;
 * no proxy of the environment, no redirects, no unpacking, bounds on every part.
 *
 * Source: docs/verifier-api.md.
 */
export function createExchange(ports: { readonly dial: Dial; readonly caPem?: string | undefined }): ExchangePort {
  return async (request) => {
    const startedAt = performance.now();
    const { limits } = request;
    const total = AbortSignal.timeout(limits.totalMs);
    const opened = await openConnection(request.destination, limits, total, ports);
    if (!opened.ok) return opened;
    const client = clientOver(opened.value, request);
    try {
      const firstByte = AbortSignal.timeout(
        Math.max(1, Math.ceil(limits.firstByteMs - (performance.now() - startedAt))),
      );
      const waiting = new AbortController();
      const giveUp = (): void => waiting.abort();
      firstByte.addEventListener("abort", giveUp);
      total.addEventListener("abort", giveUp);
      const answer = await client.request({
        method: request.method,
        path: request.path,
        headers: request.headers,
        body: request.body,
        signal: waiting.signal,
      });
      firstByte.removeEventListener("abort", giveUp);
      const body = await readBody(answer, request);
      if (!body.ok) return body;
      return ok({
        status: answer.statusCode,
        headers: headersOf(answer),
        body: body.value,
        remoteAddress: opened.value.remoteAddress,
        tls: opened.value.tls,
        elapsedMs: Math.round(performance.now() - startedAt),
      } satisfies Exchange);
    } catch (cause) {
      return err(failureOf(cause));
    } finally {
      await client.destroy().catch(() => undefined);
      opened.value.socket.destroy();
    }
  };
}

function clientOver({ socket }: OpenConnection, { destination }: ExchangeRequest): Client {
  let isTaken = false;
  return new Client(destination.origin, {
    maxHeaderSize: MAX_HEADER_BYTES,
    allowH2: false,
    // One request, then the connection ends.
    pipelining: 0,
    connect(_options, callback) {
      // Never a second connection: nothing may be dialled but what was checked.
      const isSecond = isTaken;
      isTaken = true;
      // The client loses a request whose connection is there before it has asked for it.
      queueMicrotask(() => {
        if (isSecond) callback(new GivenUp({ code: "unreachable" }), null);
        else callback(null, socket);
      });
    },
  });
}

function headersOf({ headers }: Dispatcher.ResponseData): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name.toLowerCase(), Array.isArray(value) ? value.join(", ") : value] as const],
    ),
  );
}

async function readBody(
  answer: Dispatcher.ResponseData,
  { limits }: ExchangeRequest,
): Promise<Result<Uint8Array<ArrayBuffer>, ExchangeFailure>> {
  const headers = headersOf(answer);
  const discard = (failure: ExchangeFailure): Result<never, ExchangeFailure> => {
    answer.body.on("error", () => undefined).destroy();
    return err(failure);
  };
  if ((headers.get("content-encoding") ?? "identity").toLowerCase() !== "identity") return discard({ code: "encoded" });
  if (Number(headers.get("content-length") ?? 0) > limits.maxBodyBytes) return discard({ code: "too-large" });
  const startedAt = performance.now();
  const chunks: Uint8Array[] = [];
  let received = 0;
  const drip = setInterval(() => {
    const counted = performance.now() - startedAt - limits.dripGraceMs;
    if (received < (counted / 1000) * limits.dripBytesPerSecond) answer.body.destroy(new GivenUp({ code: "timeout" }));
  }, DRIP_CHECK_MS);
  try {
    for await (const chunk of answer.body) {
      if (!(chunk instanceof Uint8Array)) continue;
      received += chunk.length;
      if (received > limits.maxBodyBytes) return discard({ code: "too-large" });
      chunks.push(chunk);
    }
  } finally {
    clearInterval(drip);
  }
  const body = new Uint8Array(received);
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.length;
  }
  return ok(body);
}

/** What went wrong, without the words of the other side. */
function failureOf(cause: unknown): ExchangeFailure {
  if (cause instanceof GivenUp) return cause.failure;
  if (cause instanceof Error) {
    if (cause.name === "AbortError" || cause.name === "TimeoutError") return { code: "timeout" };
    if (codeOf(cause).endsWith("_TIMEOUT")) return { code: "timeout" };
    if (codeOf(cause) !== "") return { code: "broken", reason: codeOf(cause) };
  }
  return { code: "broken", reason: "the transport failed" };
}

function codeOf(error: Error): string {
  return "code" in error && typeof error.code === "string" ? error.code : "";
}
