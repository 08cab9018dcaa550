import { type Answer, errorAnswer, jsonAnswer } from "./answer.ts";

/**
 * One failure of a service that a client has to survive.
 *
 * - `error`: an error answer with that text (status 400 unless given)
 * - `answer`: status 200 with this JSON in place of the true answer, e.g. a key of 31 bytes
 * - `malformed`: status 200 with a body that is not JSON
 * - `disconnect`: the connection closes without an answer
 * - `hang`: no answer until the client gives up
 */
export type Fault =
  | { readonly kind: "error"; readonly message: string; readonly status?: number }
  | { readonly kind: "answer"; readonly body: unknown }
  | { readonly kind: "malformed" }
  | { readonly kind: "disconnect" }
  | { readonly kind: "hang" };

/** A request that was stopped at the door, so that a test can look at the client while it waits. */
export interface Hold {
  /** Resolves when a request has arrived and is waiting. */
  readonly reached: Promise<void>;
  /** Lets it go on; also releases a hold that no request has reached yet. */
  readonly release: () => void;
}

/** The failures planned for a server, by route or method name; a server without plans behaves well. */
export interface FaultPlan {
  /** The next `times` calls of `name` fail so (once by default); plans of one name are served in order. */
  readonly failNext: (name: string, fault: Fault, times?: number) => void;
  /** The next call of `name` waits until it is released. */
  readonly holdNext: (name: string) => Hold;
  /** Forgets every planned failure and releases every hold. */
  readonly clear: () => void;
  /** Waits for a hold, then takes the fault that the call has to suffer; null if it may go on. */
  readonly take: (name: string) => Promise<Answer | null>;
}

/** An empty plan. */
export function createFaultPlan(): FaultPlan {
  const faults = new Map<string, Fault[]>();
  const holds = new Map<string, { reach: () => void; released: Promise<void>; release: () => void }[]>();

  return {
    failNext(name, fault, times = 1) {
      const queue = faults.get(name) ?? [];
      for (let i = 0; i < times; i++) queue.push(fault);
      faults.set(name, queue);
    },
    holdNext(name) {
      const arrival = Promise.withResolvers<void>();
      const departure = Promise.withResolvers<void>();
      const queue = holds.get(name) ?? [];
      queue.push({ reach: arrival.resolve, released: departure.promise, release: departure.resolve });
      holds.set(name, queue);
      return { reached: arrival.promise, release: departure.resolve };
    },
    clear() {
      faults.clear();
      for (const queue of holds.values()) for (const hold of queue) hold.release();
      holds.clear();
    },
    async take(name) {
      const hold = holds.get(name)?.shift();
      if (hold !== undefined) {
        hold.reach();
        await hold.released;
      }
      const fault = faults.get(name)?.shift();
      return fault === undefined ? null : answerOf(fault);
    },
  };
}

function answerOf(fault: Fault): Answer {
  if (fault.kind === "error") return errorAnswer(fault.status ?? 400, fault.message);
  if (fault.kind === "answer") return jsonAnswer(fault.body);
  if (fault.kind === "malformed") {
    return { status: 200, headers: { "Content-Type": "application/json" }, body: "<not json>" };
  }
  return fault.kind;
}
