import { vi } from "vitest";
import type { Check, Outcome, Problem, Source } from "../../apps/attestation-verifier-web/src/worker/protocol.ts";
import type { runAgain, runCheck } from "../../apps/attestation-verifier-web/src/worker/run-check.ts";
import {
  type Anchors,
  decideVerdict,
  type StepId,
  type StepStatus,
  type Verdict,
} from "../../packages/appraisal/src/index.ts";
import type { Result } from "../../packages/tdx-quote/src/result.ts";
import type { ServiceWorld } from "../../apps/verifier-api/test/service-world.ts";

/** What a corrupt courier does to an answer of the API: JSON in, JSON out. */
export type Corruption = (json: Record<string, unknown>, path: string) => unknown;

/** How a page stands in the world. */
export interface PageOptions {
  readonly anchors: Anchors;
  /** Unix seconds by the reader's device. */
  readonly now: number;
  /** Unix seconds by the clock of the site's server. */
  readonly serverNow: number;
  /** What happens to answers on their way, by the beginning of their path. */
  readonly corrupt?: Readonly<Record<string, Corruption>>;
  /** Takes down every path of the API that is asked for. */
  readonly asked?: string[];
}

/** What the build would have written down. */
const BUILD_FACTS = {
  flavour: "site",
  version: "0.0.0",
  commit: "unknown",
  committedAt: "unknown",
  newest: { kms: null, node: null },
};

/** The code that the page runs. */
interface PageCode {
  readonly runCheck: typeof runCheck;
  readonly runAgain: typeof runAgain;
}

/**
 * Does something as the page's worker does it: its code, its requests, the API's handlers behind them, and whatever the API asks
 * over sockets. Only the browser is missing, whose part is to show the outcome.
 */
async function onPage<T>(
  api: Pick<ServiceWorld, "service">,
  { now, serverNow, corrupt = {}, asked = [] }: PageOptions,
  act: (code: PageCode, ports: Parameters<typeof runCheck>[2]) => Promise<T>,
): Promise<T> {
  vi.stubGlobal("BUILD_FACTS", BUILD_FACTS);
  vi.stubGlobal("fetch", async (path: string, init: RequestInit): Promise<Response> => {
    asked.push(path);
    const response = await api.service.answer(new Request(`https://verifier.example${path}`, init), "198.51.100.4");
    const headers = new Headers(response.headers);
    headers.set("date", new Date(serverNow * 1000).toUTCString());
    const change = Object.entries(corrupt).find(([prefix]) => path.startsWith(prefix))?.[1];
    if (change === undefined) return new Response(response.body, { status: response.status, headers });
    const json: Record<string, unknown> = JSON.parse(await response.text());
    return new Response(JSON.stringify(await change(json, path)), { status: 200, headers });
  });
  try {
    return await act(await import("../../apps/attestation-verifier-web/src/worker/run-check.ts"), {
      now: () => now,
      elapsedMs: () => performance.now(),
      randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
    });
  } finally {
    vi.unstubAllGlobals();
  }
}

/** Runs a check. */
export async function checkOnPage(
  api: Pick<ServiceWorld, "service">,
  check: Check,
  options: PageOptions,
): Promise<Result<Outcome, Problem>> {
  return await onPage(api, options, (code, ports) => code.runCheck(check, options.anchors, ports, () => undefined));
}

/** Fetches from one source again. */
export async function fetchAgainOnPage(
  api: Pick<ServiceWorld, "service">,
  outcome: Outcome,
  source: Source,
  options: PageOptions,
): Promise<Outcome> {
  return await onPage(api, options, (code, ports) =>
    code.runAgain(outcome, source, options.anchors, ports, () => undefined),
  );
}

/** Status of each step of an outcome. */
export function stepsOf({ report }: Outcome): Readonly<Partial<Record<StepId, StepStatus>>> {
  return Object.fromEntries(report.steps.map(({ id, status }) => [id, status]));
}

/**
 * What the same steps would come to on a machine of Intel's: nothing under a simulated root is ever better than `simulated`, so
 * the verdict is decided once more, by the function that decides it.
 */
export function verdictOnHardware({ report }: Outcome): Verdict {
  const steps = report.steps.filter(({ id }) => id !== "verdict");
  const required = new Set(steps.filter((step) => step.required).map(({ id }) => id));
  return decideVerdict(steps, "production", required).verdict;
}
