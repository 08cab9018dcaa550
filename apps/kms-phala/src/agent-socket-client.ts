import { connect, type Socket } from "node:net";
import { quoteForeignText } from "@mero-tee/policy";
import { isJsonObject, parseStrictJson } from "@mero-tee/tdx-quote/json";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";
import { type AnswerEnd, createAnswerReader } from "./agent-answer.ts";
import type { BoundedBuffer } from "./bounded-buffer.ts";
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

const REFUSAL_LENGTH = 200;
const IDLE_CONNECTIONS = 16;
// Less than the 5 s after which agents close theirs.
const IDLE_MS = 4_000;

/** What happens on a connection while a call has it. */
interface Listener {
  readonly onData: (piece: Buffer) => void;
  /** No more comes; `reason` is null when the agent ended it in good order. */
  readonly onEnd: (reason: string | null) => void;
}

/** A connection that is used for one call after the other. */
interface Connection {
  readonly socket: Socket;
  listener: Listener | null;
}

/**
 * Makes the function that calls the dstack guest agent over its Unix socket and reads its answer under a byte limit and a
 * deadline.
 *
 * The agent is not trusted to be brief: what announces more than the limit is not read, and what sends more is cut off
 * there, so that no answer costs more memory than its limit.
 *
 * A connection is kept for further calls only when its answer was read to the end, and nothing came behind it. Anything else
 * ends it, and a call that failed all idle ones: no answer that comes late can be taken for the next call's, and an agent
 * that was replaced is met on a new connection.
 *
 * The call gives the body of an answer with status 200, to be wiped by whoever reads a secret from it.
 * Errors: `agent-unavailable` (no connection, or the agent refused), `agent-timeout`, `agent-answer-too-large`.
 * Source: dstack guest agent RPC: HTTP/1.1, `POST /<Method>`, JSON in and out, refusals as status 400 and `error`.
 */
export function createAgentCaller({
  socketPath,
  timeoutMs,
}: AgentSocket): (call: AgentCall) => Promise<Result<BoundedBuffer, GuestAgentError>> {
  const idle = new Set<Connection>();

  const drop = (connection: Connection): void => {
    idle.delete(connection);
    connection.socket.destroy();
  };
  const open = (): Connection => {
    const connection: Connection = { socket: connect(socketPath), listener: null };
    const { socket } = connection;
    let reason: string | null = "the connection was closed without an answer";
    const end = (): void => {
      idle.delete(connection);
      connection.listener?.onEnd(reason);
    };
    socket.on("data", (piece) => {
      // Nobody asked for it.
      if (connection.listener === null) drop(connection);
      else connection.listener.onData(piece);
      // It may be a part of a key.
      piece.fill(0);
    });
    socket.on("end", () => {
      reason = null;
      end();
    });
    socket.on("error", (error: Error & { readonly code?: string }) => {
      reason = error.code ?? error.message;
    });
    socket.on("close", end);
    socket.setTimeout(IDLE_MS, () => {
      if (connection.listener === null) drop(connection);
    });
    return connection;
  };
  /** The connection that was idle for the shortest time: the others get old, and end. */
  const takeIdle = (): Connection | null => {
    const connection = [...idle].at(-1);
    if (connection === undefined) return null;
    idle.delete(connection);
    connection.socket.ref();
    return connection;
  };
  const giveBack = (connection: Connection, isReusable: boolean): void => {
    connection.listener = null;
    if (!isReusable || idle.size >= IDLE_CONNECTIONS) return drop(connection);
    // What waits for nothing must not keep the process running.
    connection.socket.unref();
    idle.add(connection);
  };
  return ({ method, params, limitBytes, isRepeatable }) =>
    new Promise((resolve) => {
      const body = JSON.stringify(params);
      let current: Connection | null = null;
      const settle = (outcome: Result<BoundedBuffer, GuestAgentError>, end: AnswerEnd | null): void => {
        clearTimeout(timer);
        if (current !== null) giveBack(current, isRepeatable && end?.kind === "whole" && end.isReusable);
        if (end?.kind !== "whole") for (const each of idle) drop(each);
        resolve(outcome);
      };
      const timer = setTimeout(() => {
        settle(err({ code: "agent-timeout", reason: `no answer within ${timeoutMs} ms` }), null);
      }, timeoutMs);
      const exchange = (kept: Connection | null, connectionField: "keep-alive" | "close"): void => {
        const connection = kept ?? open();
        const reader = createAnswerReader(limitBytes);
        let isAnswered = false;
        current = connection;
        const take = (end: AnswerEnd | null): void => {
          if (end !== null) settle(outcomeOf(end, limitBytes), end);
        };
        connection.listener = {
          onData(piece) {
            isAnswered = true;
            take(reader.push(piece));
          },
          onEnd(reason) {
            connection.listener = null;
            // The agent closed a connection that was kept; whether before or after it saw the call is not known.
            if (kept !== null && !isAnswered) exchange(null, "close");
            else if (reason === null) take(reader.end());
            else settle(unavailable(reason), null);
          },
        };
        connection.socket.write(requestOf(method, body, connectionField));
      };
      if (isRepeatable) exchange(takeIdle(), "keep-alive");
      else exchange(null, "close");
    });
}

function requestOf(method: string, body: string, connectionField: "keep-alive" | "close"): string {
  const head = `POST /${method} HTTP/1.1\r\nhost: dstack\r\ncontent-type: application/json\r\n`;
  return `${head}content-length: ${Buffer.byteLength(body)}\r\nconnection: ${connectionField}\r\n\r\n${body}`;
}

function outcomeOf(end: AnswerEnd, limitBytes: number): Result<BoundedBuffer, GuestAgentError> {
  if (end.kind === "too-large") return err({ code: "agent-answer-too-large", reason: `more than ${limitBytes} bytes` });
  if (end.kind === "malformed") return unavailable(end.reason);
  return end.status === 200 ? ok(end.body) : refused(end.status, end.body);
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
