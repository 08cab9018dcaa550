import { type AppraisalPolicy, evaluatePolicy } from "@mero-tee/policy";
import { type Collateral, forecastTcb, type VerifiedQuote } from "@mero-tee/tdx-quote";
import type { CollateralPlatform } from "@mero-tee/tdx-quote/collateral";

/** Early collateral that is held and valid for a platform, or null: nothing is ever fetched for a forecast. */
export type HeldEarlyCollateral = (platform: Pick<CollateralPlatform, "fmspc">) => Collateral | null;

/** Nodes of late, by what will become of them when the early TCB baseline is the standard one. */
export interface ForecastSummary {
  readonly accepted: number;
  readonly refused: number;
  /** The early collateral says nothing of them that can be judged. */
  readonly unknown: number;
}

/** Looks ahead on behalf of the nodes that get keys. */
export interface TcbWatch {
  /** Takes note of a node that got a key; the forecast is made later, and nobody waits for it. */
  note(peer: string, verified: VerifiedQuote, policy: AppraisalPolicy): void;
  summary(): ForecastSummary;
}

/** Settings of {@link createTcbWatch}. */
export interface TcbWatchOptions {
  readonly early: HeldEarlyCollateral;
  /** Wall clock, Unix seconds. */
  readonly now: () => number;
  /** DER of the root that replaces Intel's, or null. */
  readonly rootCa: Uint8Array<ArrayBuffer> | null;
}

interface Noted {
  readonly peer: string;
  readonly verified: VerifiedQuote;
  readonly policy: AppraisalPolicy;
  readonly early: Collateral;
}

// Nodes that are remembered, and forecasts that wait their turn: nodes that were given keys, and no strangers.
const MAX_NODES = 1_024;
const MAX_WAITING = 64;

/**
 * Makes the watch. One forecast is made at a time, of the newest quotes; what comes while many wait is left out, since
 * the same nodes come again. The peer is only ever counted: it is the key of a bounded map, and no label.
 */
export function createTcbWatch({ early, now, rootCa }: TcbWatchOptions): TcbWatch {
  const outcomes = new Map<string, keyof ForecastSummary>();
  const waiting: Noted[] = [];
  let isRunning = false;

  const remember = (peer: string, outcome: keyof ForecastSummary): void => {
    outcomes.delete(peer);
    outcomes.set(peer, outcome);
    const [oldest] = outcomes.keys();
    if (outcomes.size > MAX_NODES && oldest !== undefined) outcomes.delete(oldest);
  };
  const judge = async ({ verified, policy, early: bundle }: Noted): Promise<keyof ForecastSummary> => {
    const forecast = await forecastTcb(verified, bundle, { now: now(), ...(rootCa === null ? {} : { rootCa }) });
    if (!forecast.ok) return "unknown";
    const { tcbStatus } = forecast.value;
    if (tcbStatus === null) return "refused";
    const { mrtd, rtmr0, rtmr1, rtmr2, rtmr3 } = verified.quote.report;
    return evaluatePolicy({ tcbStatus, mrtd, rtmr0, rtmr1, rtmr2, rtmr3 }, policy).allowed ? "accepted" : "refused";
  };
  const run = async (): Promise<void> => {
    isRunning = true;
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      remember(next.peer, await judge(next));
    }
    isRunning = false;
  };
  return {
    note(peer, verified, policy) {
      const held = early({ fmspc: verified.fmspc });
      if (held === null || waiting.length >= MAX_WAITING) return;
      waiting.push({ peer, verified, policy, early: held });
      if (!isRunning) void run();
    },
    summary() {
      const all = [...outcomes.values()];
      const count = (name: keyof ForecastSummary): number => all.filter((outcome) => outcome === name).length;
      return { accepted: count("accepted"), refused: count("refused"), unknown: count("unknown") };
    },
  };
}
