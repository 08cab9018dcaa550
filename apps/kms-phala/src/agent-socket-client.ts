import { type IncomingMessage, request } from "node:http";
import { quoteForeignText } from "@mero-tee/policy";
import { isJsonObject, parseStrictJson } from "@mero-tee/tdx-quote/json";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";
import { type BoundedBuffer, createBoundedBuffer } from "./bounded-buffer.ts";
import type { GuestAgentError } from "./guest-agent.ts";

/** One call of the guest agent. */
export interface AgentCall {
  /** Name of the method, such as `GetQuote`. */
  readonly method: string;
  /** Plain JSON; bytes as hex. */
  readonly params: Readonly<Record<string, unknown>>;
  /** Longest answer, in bytes. */
  readonly limitBytes: number;
}

/** Where the guest agent listens, and how long a call may take as a whole, in milliseconds. */
export interface AgentSocket {
  readonly socketPath: string;
  readonly timeoutMs: number;
}

// Longer heads are refused by the parser; an agent sends a few lines.
const HEAD_BYTES = 16_384;
const REFUSAL_LENGTH = 200;

/**
 * Makes one call over the Unix socket of the dstack guest agent and reads its answer under a byte limit and a deadline.
 *
 * The agent is not trusted to be brief: what announces more than the limit is not read, and what sends more is cut off
 * there, so that no answer costs more memory than its limit.
 *
 * @returns the body of an answer with status 200, to be wiped by whoever reads a secret from it
 * Errors: `agent-unavailable` (no connection, or the agent refused), `agent-timeout`, `agent-answer-too-large`.
 * Source: dstack guest agent RPC: HTTP/1.1, `POST /<Method>`, JSON in and out, refusals as status 400 and `error`.
 */
export function callAgent(socket: AgentSocket, call: AgentCall): Promise<Result<BoundedBuffer, GuestAgentError>> {
  const { socketPath, timeoutMs } = socket;
  const { method, params, limitBytes } = call;
  return new Promise((resolve) => {
    const body = JSON.stringify(params);
    const exchange = request({
      socketPath,
      method: "POST",
      path: `/${method}`,
      agent: false,
      maxHeaderSize: HEAD_BYTES,
      headers: {
        host: "dstack",
        "content-type": "application/json",
        "content-length": Buffer.byteLength(body),
        connection: "close",
      },
    });
    const settle = (outcome: Result<BoundedBuffer, GuestAgentError>): void => {
      clearTimeout(timer);
      resolve(outcome);
      // Frees the connection; what is still on its way is not read.
      exchange.destroy();
    };
    const timer = setTimeout(() => {
      settle(err({ code: "agent-timeout", reason: `no answer within ${timeoutMs} ms` }));
    }, timeoutMs);
    exchange.on("error", (error: Error & { readonly code?: string }) =>
      settle(unavailable(error.code ?? error.message)),
    );
    exchange.on("close", () => settle(unavailable("the connection was closed without an answer")));
    exchange.on("response", (response) => readAnswer(response, limitBytes, settle));
    exchange.end(body);
  });
}

function readAnswer(
  response: IncomingMessage,
  limitBytes: number,
  settle: (outcome: Result<BoundedBuffer, GuestAgentError>) => void,
): void {
  const tooLarge = err<GuestAgentError>({ code: "agent-answer-too-large", reason: `more than ${limitBytes} bytes` });
  if (Number(response.headers["content-length"]) > limitBytes) return settle(tooLarge);
  const body = createBoundedBuffer(limitBytes);
  response.on("data", (piece: Buffer) => {
    const isWithinLimit = body.append(piece);
    // It may be a part of a key.
    piece.fill(0);
    if (isWithinLimit) return;
    body.wipe();
    settle(tooLarge);
  });
  response.on("error", (error) => settle(unavailable(error.message)));
  response.on("end", () => settle(response.statusCode === 200 ? ok(body) : refused(response.statusCode ?? 0, body)));
}

function refused(status: number, body: BoundedBuffer): { readonly ok: false; readonly error: GuestAgentError } {
  const answer = parseStrictJson(body.taken());
  const said = answer.ok && isJsonObject(answer.value) ? answer.value.get("error") : undefined;
  const words = typeof said === "string" ? `: ${quoteForeignText(said, REFUSAL_LENGTH)}` : "";
  return unavailable(`the agent refused with status ${status}${words}`);
}

function unavailable(reason: string): { readonly ok: false; readonly error: GuestAgentError } {
  return err({ code: "agent-unavailable", reason });
}
