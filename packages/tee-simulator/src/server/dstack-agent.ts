import { setTimeout as sleep } from "node:timers/promises";

import { err, type Result } from "@mero-tee/tdx-quote/result";

import type { SimulatedGuest } from "../simulated-guest.ts";
import { type Answer, errorAnswer, jsonAnswer } from "./answer.ts";
import { createDstackMethods, DSTACK_METHODS, type DstackMethod } from "./dstack-methods.ts";
import { createFaultPlan, type Fault, type Hold } from "./faults.ts";
import { startHttpService } from "./http-service.ts";
import { type Fields, parseFields, queryFields, quoted } from "./json-fields.ts";
import type { Request } from "./request.ts";

/** A guest agent that listens on a Unix socket, and the switches that make it misbehave. */
export interface DstackAgent {
  readonly socketPath: string;
  /** The guest whose quotes and keys it answers; its log and registers can be read and extended directly. */
  readonly guest: SimulatedGuest;
  /** The next `times` calls of a method fail so (once by default). */
  readonly failNext: (method: DstackMethod, fault: Fault, times?: number) => void;
  /** The next call of a method waits until it is released. */
  readonly holdNext: (method: DstackMethod) => Hold;
  /** Every answer waits this long; 0 turns it off. */
  readonly setLatency: (milliseconds: number) => void;
  /** Agents from 0.6 on have no `EmitEvent`: without it the method is unknown, and `Version` says 0.6. */
  readonly setEmitEventAvailable: (available: boolean) => void;
  /** While on, quotes are genuine but made for other report data than asked for; the answer claims otherwise. */
  readonly setWrongReportData: (wrong: boolean) => void;
  /** Takes back every planned failure and switch. */
  readonly behave: () => void;
  readonly close: () => Promise<void>;
}

/** What a guest agent is made of. */
export interface DstackAgentOptions {
  /** At most 107 bytes; a socket that a killed process left there is replaced. */
  readonly socketPath: string;
  readonly guest: SimulatedGuest;
  /** The clock, Unix seconds; TLS certificates are valid from then on. */
  readonly now: () => number;
  /** Told about every exception of a method; the client only sees a bare error. */
  readonly onBug: (error: unknown) => void;
}

/** Events carry small payloads and report data is 64 bytes: more than this is not a request of an honest client. */
const BODY_LIMIT_BYTES = 65_536;

/**
 * Starts a dstack guest agent over a Unix socket: `POST /<Method>` with JSON, or `GET` with query parameters; bytes
 * travel as hex; every refusal is status 400 with `{ "error": text }`.
 *
 * Source: dstack guest agent RPC, releases 0.5 and 0.6.
 *
 * @throws Error if the socket cannot be taken
 */
export async function startDstackAgent(options: DstackAgentOptions): Promise<DstackAgent> {
  const { guest, socketPath } = options;
  const faults = createFaultPlan();
  const closing = new AbortController();
  const switches = { latencyMs: 0, hasEmitEvent: true, answersWrongReportData: false };
  const methods = createDstackMethods(guest, options.now, switches);

  async function answer(request: Request): Promise<Answer> {
    const method = DSTACK_METHODS.find((name) => request.path === `/${name}`);
    if (method === undefined || (method === "EmitEvent" && !switches.hasEmitEvent)) {
      return errorAnswer(400, `Method not found: ${quoted(request.path.slice(1))}`);
    }
    if (switches.latencyMs > 0) await sleep(switches.latencyMs, undefined, { signal: closing.signal });
    const fault = await faults.take(method);
    if (fault !== null) return fault;
    const fields = readFields(request);
    if (!fields.ok) return errorAnswer(400, fields.error);
    const result = await methods[method](fields.value);
    return result.ok ? jsonAnswer(result.value) : errorAnswer(400, result.error);
  }

  const service = await startHttpService(
    { socketPath },
    {
      bodyLimitBytes: BODY_LIMIT_BYTES,
      tooLarge: errorAnswer(400, `the body is larger than ${BODY_LIMIT_BYTES} bytes`),
      answer: (request) =>
        answer(request).catch((error: unknown) => {
          // Whoever waited while the agent closed has no connection left to be answered on.
          if (closing.signal.aborted) return "disconnect";
          throw error;
        }),
      onBug: options.onBug,
    },
  );

  return {
    socketPath,
    guest,
    failNext: faults.failNext,
    holdNext: faults.holdNext,
    setLatency: (milliseconds) => {
      switches.latencyMs = milliseconds;
    },
    setEmitEventAvailable: (available) => {
      switches.hasEmitEvent = available;
    },
    setWrongReportData: (wrong) => {
      switches.answersWrongReportData = wrong;
    },
    behave: () => {
      faults.clear();
      Object.assign(switches, { latencyMs: 0, hasEmitEvent: true, answersWrongReportData: false });
    },
    close: async () => {
      closing.abort();
      faults.clear();
      await service.close();
    },
  };
}

function readFields(request: Request): Result<Fields, string> {
  if (request.method === "GET") return queryFields(request.query);
  if (request.method !== "POST") return err(`method not allowed: ${quoted(request.method)}`);
  // Real agents take any other type for Protocol Buffers.
  if (request.contentType !== "application/json") return err("Content-Type is not application/json");
  return parseFields(request.body);
}
