import { performance } from "node:perf_hooks";
import { parentPort, workerData } from "node:worker_threads";
import { explore, type Tally } from "./explore.ts";
import type { FuzzTarget } from "./target.ts";
import { openTrace, type TallyMessage, type ThreadMessage, type ThreadOrder } from "./thread-protocol.ts";

/** The thread of one target: explores until its time is over, and tells its parent. */
const PROGRESS_MS = 1000;

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only `supervise` starts this thread
const order = workerData as ThreadOrder;
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as `ThreadOrder.targetsModule` says
const { FUZZ_TARGETS } = (await import(order.targetsModule)) as { readonly FUZZ_TARGETS: readonly FuzzTarget[] };
const target = FUZZ_TARGETS.find(({ name }) => name === order.target);
if (target === undefined) throw new RangeError(`no target is called ${order.target}`);

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port of threads has no origin
const tell = (message: ThreadMessage): void => parentPort?.postMessage(message);
const asMessage = ({ executions, accepted, outcomes }: Tally): TallyMessage => ({
  executions,
  accepted,
  outcomes: [...outcomes.keys()],
});

const trace = openTrace(order.trace);
const deadline = performance.now() + order.seconds * 1000;
let nextProgress = performance.now() + PROGRESS_MS;
const result = await explore(target, {
  seeds: order.seeds,
  seed: order.seed,
  limits: order.limits,
  goesOn: (tally) => {
    const now = performance.now();
    if (now >= nextProgress) {
      nextProgress = now + PROGRESS_MS;
      tell({ kind: "progress", tally: asMessage(tally) });
    }
    return order.seedsOnly ? tally.executions < order.seeds.length : now < deadline;
  },
  onInput: trace.write,
  onFinding: (finding) => tell({ kind: "finding", finding }),
});
tell({ kind: "done", tally: asMessage(result.tally) });
