import { Agent, type ClientRequest, type IncomingMessage, request } from "node:http";
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
  /**
   * Whether making the call twice is the same as making it once. Only such a call is made over a connection that was kept,
   * since it must be made again if the agent turns out to have closed that one.
   */
  readonly isRepeatable: boolean;
}

/** Where the guest agent listens, and how long a call may take as a whole, in milliseconds. */
export interface AgentSocket {
  readonly socketPath: string;
  readonly timeoutMs: number;
}

// Longer heads are refused by the parser; an agent sends a few lines.
const HEAD_BYTES = 16_384;
const REFUSAL_LENGTH = 200;
const IDLE_CONNECTIONS = 16;
// Less than the 5 s after which agents close theirs.
const IDLE_MS = 4_000;

/** Ends a call; `isWhole` says that its answer was read to the end. */
type Settle = (outcome: Result<BoundedBuffer, GuestAgentError>, isWhole?: boolean) => void;

/**
 * Makes the function that calls the dstack guest agent over its Unix socket and reads its answer under a byte limit and a
 * deadline.
 *
 * The agent is not trusted to be brief: what announces more than the limit is not read, and what sends more is cut off
 * there, so that no answer costs more memory than its limit.
 *
 * A connection is kept for further calls only when its answer was read to the end. Anything else ends it and all idle
 * ones: no answer that comes late can be taken for the next call's, and an agent that was replaced is met on a new
 * connection.
 *
 * The call gives the body of an answer with status 200, to be wiped by whoever reads a secret from it.
 * Errors: `agent-unavailable` (no connection, or the agent refused), `agent-timeout`, `agent-answer-too-large`.
 * Source: dstack guest agent RPC: HTTP/1.1, `POST /<Method>`, JSON in and out, refusals as status 400 and `error`.
 */
export function createAgentCaller({
  socketPath,
  timeoutMs,
}: AgentSocket): (call: AgentCall) => Promise<Result<BoundedBuffer, GuestAgentError>> {
  const kept = new Agent({ keepAlive: true, maxFreeSockets: IDLE_CONNECTIONS, timeout: IDLE_MS });

  const dropIdle = (): void => {
    for (const sockets of Object.values(kept.freeSockets)) {
      for (const socket of sockets ?? []) socket.destroy();
    }
  };
  return ({ method, params, limitBytes, isRepeatable }) =>
    new Promise((resolve) => {
      const body = JSON.stringify(params);
      let isSettled = false;
      let current: ClientRequest | null = null;
      const settle: Settle = (outcome, isWhole = false) => {
        if (isSettled) return;
        isSettled = true;
        clearTimeout(timer);
        resolve(outcome);
        if (isWhole && isRepeatable) return;
        // Frees the connection; what is still on its way is not read.
        current?.destroy();
        if (!isWhole) dropIdle();
      };
      const timer = setTimeout(() => {
        settle(err({ code: "agent-timeout", reason: `no answer within ${timeoutMs} ms` }));
      }, timeoutMs);
      const exchange = (agent: Agent | false): void => {
        let isAnswered = false;
        const tried = request({
          socketPath,
          method: "POST",
          path: `/${method}`,
          agent,
          maxHeaderSize: HEAD_BYTES,
          headers: {
            host: "dstack",
            "content-type": "application/json",
            "content-length": Buffer.byteLength(body),
            ...(agent === false ? { connection: "close" } : {}),
          },
        });
        current = tried;
        const fail = (reason: string): void => {
          if (current !== tried || isSettled) return;
          // The agent closed a connection that was kept; whether before or after it saw the call is not known.
          if (tried.reusedSocket && !isAnswered) exchange(false);
          else settle(unavailable(reason));
        };
        tried.on("error", (error: Error & { readonly code?: string }) => fail(error.code ?? error.message));
        tried.on("close", () => fail("the connection was closed without an answer"));
        tried.on("response", (response) => {
          isAnswered = true;
          readAnswer(response, limitBytes, settle);
        });
        tried.end(body);
      };
      exchange(isRepeatable ? kept : false);
    });
}

function readAnswer(response: IncomingMessage, limitBytes: number, settle: Settle): void {
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
  response.on("end", () => {
    settle(response.statusCode === 200 ? ok(body) : refused(response.statusCode ?? 0, body), true);
  });
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
