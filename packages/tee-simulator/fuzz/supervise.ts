import { performance } from "node:perf_hooks";
import { Worker } from "node:worker_threads";
import type { Finding } from "./explore.ts";
import { FUZZ_LIMITS, type FuzzLimits } from "./limits.ts";
import { createTraceMemory, openTrace, type TallyMessage, type ThreadMessage } from "./thread-protocol.ts";

/** A target to run in a thread of its own, for a time. */
export interface Assignment {
  /** URL of a module that exports `FUZZ_TARGETS`: a parser is code, and code does not travel between threads. */
  readonly targetsModule: string;
  readonly target: string;
  readonly seeds: readonly Uint8Array[];
  readonly seed: number;
  readonly seconds: number;
  readonly limits?: FuzzLimits;
  readonly onProgress?: (tally: TallyMessage) => void;
}

/** What a target came to. */
export interface TargetReport {
  readonly target: string;
  readonly seconds: number;
  readonly executions: number;
  readonly accepted: number;
  /** Distinct outcomes, sorted. */
  readonly outcomes: readonly string[];
  readonly findings: readonly Finding[];
}

/** Deaths of the thread after which a target is left alone. */
const MOST_DEATHS = 3;

const WATCH_MS = 200;

/** How a thread ended: of itself, or on which input it was lost. */
type Ending = { readonly lost: false } | { readonly lost: true; readonly reason: string; readonly input: Uint8Array };

interface ThreadRun {
  readonly ending: Ending;
  readonly tally: TallyMessage;
  readonly findings: readonly Finding[];
}

const NOTHING: TallyMessage = { executions: 0, accepted: 0, outcomes: [] };

/**
 * Runs a target in a thread with a small heap and watches it: an input that hangs it or exhausts the heap is a finding like
 * any other, and the search goes on in a new thread, from another seed. A thread that fails for another reason, a mistake
 * of the fuzzer, is a finding too: nothing of the kind may pass for a run without findings.
 */
export async function supervise(assignment: Assignment): Promise<TargetReport> {
  const { target, onProgress, seconds } = assignment;
  const start = performance.now();
  const findings = new Map<string, Finding>();
  const outcomes = new Set<string>();
  let executions = 0;
  let accepted = 0;
  for (let deaths = 0; deaths < MOST_DEATHS; deaths += 1) {
    const remaining = seconds - (performance.now() - start) / 1000;
    if (remaining <= 0) break;
    const [executedBefore, acceptedBefore] = [executions, accepted];
    const run = await runThread({
      ...assignment,
      seed: assignment.seed + deaths,
      seconds: remaining,
      onProgress: (tally) => {
        for (const outcome of tally.outcomes) outcomes.add(outcome);
        executions = executedBefore + tally.executions;
        accepted = acceptedBefore + tally.accepted;
        onProgress?.({ executions, accepted, outcomes: [...outcomes] });
      },
    });
    for (const finding of run.findings) findings.set(finding.reason, finding);
    if (!run.ending.lost) break;
    const finding = await confirmLoss(assignment, run.ending);
    if (finding !== null) findings.set(finding.reason, finding);
  }
  return {
    target,
    seconds: (performance.now() - start) / 1000,
    executions,
    accepted,
    outcomes: [...outcomes].toSorted(),
    findings: [...findings.values()],
  };
}

/** Runs the last input of a lost thread alone: a hang may have been the machine's, a full heap the sum of many inputs. */
async function confirmLoss(assignment: Assignment, loss: Ending & { lost: true }): Promise<Finding | null> {
  const { target } = assignment;
  const again = await runThread({ ...assignment, seeds: [loss.input], seedsOnly: true });
  if (again.ending.lost) return { target, reason: again.ending.reason, input: loss.input };
  if (loss.reason === HANG) return null;
  return { target, reason: `${loss.reason}, but not by the last input alone`, input: loss.input };
}

const HANG = "no answer: the parser hangs";
const EXHAUSTED = "the heap of the thread is exhausted";

async function runThread(assignment: Assignment & { readonly seedsOnly?: boolean }): Promise<ThreadRun> {
  const { limits = FUZZ_LIMITS, onProgress, ...order } = assignment;
  const longestSeed = order.seeds.reduce((longest, { length }) => Math.max(longest, length), 0);
  const memory = createTraceMemory(Math.max(limits.maxInputBytes, longestSeed));
  const trace = openTrace(memory);
  const thread = new Worker(new URL("./worker.ts", import.meta.url), {
    workerData: { seedsOnly: false, ...order, limits, trace: memory },
    resourceLimits: { maxOldGenerationSizeMb: limits.heapMiB },
  });
  const findings: Finding[] = [];
  let tally = NOTHING;
  thread.on("message", (message: ThreadMessage) => {
    if (message.kind === "finding") {
      findings.push(message.finding);
      return;
    }
    ({ tally } = message);
    onProgress?.(tally);
  });
  const ending = await watch(thread, trace, limits.hangMs);
  await thread.terminate();
  return { ending, tally, findings };
}

/** Waits for the end of a thread, or for its silence. Before the first input it loads modules, which proves nothing. */
function watch(thread: Worker, trace: ReturnType<typeof openTrace>, hangMs: number): Promise<Ending> {
  return new Promise((resolve) => {
    let count = trace.count();
    let since = performance.now();
    const finish = (ending: Ending): void => {
      clearInterval(timer);
      resolve(ending);
    };
    const timer = setInterval(() => {
      const now = performance.now();
      const current = trace.count();
      if (current !== count || current === 0) [count, since] = [current, now];
      else if (now - since > hangMs) finish({ lost: true, reason: HANG, input: trace.read() });
    }, WATCH_MS);
    thread.once("error", (error) => {
      const isExhausted = "code" in error && error.code === "ERR_WORKER_OUT_OF_MEMORY";
      finish({
        lost: true,
        reason: isExhausted ? EXHAUSTED : `the thread failed: ${error.message}`,
        input: trace.read(),
      });
    });
    thread.once("exit", () => finish({ lost: false }));
  });
}
