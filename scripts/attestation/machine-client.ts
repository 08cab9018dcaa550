import { setTimeout as sleep } from "node:timers/promises";
import type { HttpPort } from "../../packages/cli/src/http-client.ts";
import { exchangeJson } from "../../packages/cli/src/json-client.ts";
import { toPlainJson } from "../../packages/tdx-quote/src/json.ts";
import { stopLane } from "../release/lane-stop.ts";

/** How long a machine may take to come up. */
export interface Patience {
  readonly tries: number;
  readonly pauseMs: number;
}

/** Talks to a machine that is being probed. What it says is evidence to be judged, so nothing of it is believed here. */
export interface ProbedMachine {
  /** The answer to a question; a machine that does not answer 200 stops the probe. */
  ask(path: string, body?: unknown): Promise<unknown>;
  /** Waits until a path is answered with 200. */
  awaitUp(path: string, patience: Patience): Promise<unknown>;
}

/** Makes the client of one machine. */
export function createMachineClient(fetch: HttpPort, baseUrl: string): ProbedMachine {
  const exchange = async (path: string, body?: unknown) =>
    await exchangeJson(fetch, { url: `${baseUrl}${path}`, ...(body === undefined ? {} : { body }) });
  return {
    async ask(path, body) {
      const answer = await exchange(path, body);
      if (!answer.ok) return stopLane("probe-unreachable", `${baseUrl}${path}: ${answer.error}.`);
      const { status, value } = answer.value;
      if (status === 404) stopLane("probe-refused", `${baseUrl} has no ${path}: is this the service that was meant?`);
      if (status !== 200) stopLane("probe-unreachable", `${baseUrl}${path} answered with status ${status}.`);
      return toPlainJson(value);
    },
    async awaitUp(path, { tries, pauseMs }) {
      let last = "it was not asked";
      for (let round = 0; round < tries; round += 1) {
        if (round > 0) await sleep(pauseMs);
        const answer = await exchange(path);
        if (answer.ok && answer.value.status === 200) return toPlainJson(answer.value.value);
        last = answer.ok ? `status ${answer.value.status}` : answer.error;
      }
      return stopLane("probe-unreachable", `${baseUrl}${path} was not up after ${tries} tries: ${last}.`);
    },
  };
}
