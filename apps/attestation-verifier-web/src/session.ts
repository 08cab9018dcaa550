import type { RecognisedInput, Step } from "@mero-tee/appraisal";

import type {
  Answer,
  Check,
  FileCheck,
  GivenFile,
  Outcome,
  Problem,
  Question,
  Source,
  TestRoot,
} from "./worker/protocol.ts";

/** Where the one check of this tab stands. */
export type CheckState =
  | { readonly phase: "idle" }
  | {
      readonly phase: "running";
      readonly check: Check;
      readonly steps: readonly Step[];
      readonly startedAtMs: number;
      /** When the evidence came, where it is judged once more; null where it has yet to come. */
      readonly gatheredAtMs: number | null;
    }
  | { readonly phase: "appraised"; readonly check: Check; readonly outcome: Outcome; readonly finishedAtMs: number }
  | { readonly phase: "refused"; readonly check: Check; readonly problem: Problem };

/** The part of a worker that the session uses. */
interface WorkerPort {
  postMessage(question: Question): void;
  terminate(): void;
}

/** How a worker is started; `onAnswer` hears everything that it says, `onFailure` that it broke. */
export type StartWorker = (onAnswer: (answer: Answer) => void, onFailure: () => void) => WorkerPort;

/** The one check that runs or ran in this tab, and the worker that does it. */
export interface Session {
  readonly subscribe: (listener: () => void) => () => void;
  readonly state: () => CheckState;
  readonly testRoot: () => TestRoot | null;
  readonly check: (check: Check) => void;
  /** Fetches from one source again, for the evidence of the finished check; anything else is not changed. */
  readonly fetchAgain: (source: Source) => void;
  /** Ends the worker: nothing goes on in the background. */
  readonly cancel: () => void;
  /** Judges files beside the check of this tab. Null if the worker broke. */
  readonly judge: (check: FileCheck) => Promise<Outcome | null>;
  readonly recognise: (files: readonly GivenFile[]) => Promise<readonly RecognisedInput[]>;
  readonly tags: (kind: "kms" | "node") => Promise<readonly string[]>;
  /** Gives this tab a test root, or takes it away. */
  readonly setTestRoot: (root: TestRoot | null) => void;
}

const NOTHING: Problem = { code: "exception", facts: [], retryAfterSeconds: null };

/** Makes the session. The worker starts with the first question. */
export function createSession(start: StartWorker, nowMs: () => number): Session {
  const listeners = new Set<() => void>();
  const waiting = new Map<number, (answer: Answer | null) => void>();
  let state: CheckState = { phase: "idle" };
  let testRoot: TestRoot | null = null;
  let worker: WorkerPort | null = null;
  let lastId = 0;
  let checkId = 0;

  const become = (next: CheckState): void => {
    state = next;
    for (const listener of listeners) listener();
  };
  const stop = (): void => {
    worker?.terminate();
    worker = null;
    for (const settle of waiting.values()) settle(null);
    waiting.clear();
  };
  const hear = (answer: Answer): void => {
    const settle = waiting.get(answer.id);
    if (settle !== undefined) {
      // Progress of a file that is judged on the side: its outcome follows.
      if (answer.type === "steps") return;
      waiting.delete(answer.id);
      settle(answer);
      return;
    }
    // An answer to a check that was cancelled is nobody's.
    if (answer.id !== checkId || state.phase !== "running") return;
    if (answer.type === "steps") become({ ...state, steps: answer.steps });
    if (answer.type === "refused") become({ phase: "refused", check: state.check, problem: answer.problem });
    if (answer.type === "finished") {
      const { check, gatheredAtMs } = state;
      become({ phase: "appraised", check, outcome: answer.outcome, finishedAtMs: gatheredAtMs ?? nowMs() });
    }
  };
  const fail = (): void => {
    stop();
    if (state.phase === "running") become({ phase: "refused", check: state.check, problem: NOTHING });
  };
  const ask = (question: Question): void => {
    worker ??= start(hear, fail);
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker has no origin to name
    worker.postMessage(question);
  };
  const askOnce = async (question: Question): Promise<Answer | null> =>
    await new Promise((resolve) => {
      waiting.set(question.id, resolve);
      ask(question);
    });

  return {
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    state: () => state,
    testRoot: () => testRoot,
    check(check) {
      if (state.phase === "running") stop();
      lastId += 1;
      checkId = lastId;
      become({ phase: "running", check, steps: [], startedAtMs: nowMs(), gatheredAtMs: null });
      ask({ type: "check", id: checkId, check, testRoot });
    },
    fetchAgain(source) {
      if (state.phase !== "appraised") return;
      const { check, outcome, finishedAtMs } = state;
      lastId += 1;
      checkId = lastId;
      become({ phase: "running", check, steps: [], startedAtMs: nowMs(), gatheredAtMs: finishedAtMs });
      ask({ type: "fetch-again", id: checkId, outcome, source, testRoot });
    },
    cancel() {
      stop();
      become({ phase: "idle" });
    },
    async judge(check) {
      lastId += 1;
      const answer = await askOnce({ type: "check", id: lastId, check, testRoot });
      return answer?.type === "finished" ? answer.outcome : null;
    },
    async recognise(files) {
      lastId += 1;
      const answer = await askOnce({ type: "recognise", id: lastId, files });
      return answer?.type === "recognised" ? answer.inputs : [];
    },
    async tags(kind) {
      lastId += 1;
      const answer = await askOnce({ type: "tags", id: lastId, kind });
      return answer?.type === "tags" ? answer.tags : [];
    },
    setTestRoot(root) {
      testRoot = root;
      become({ phase: "idle" });
    },
  };
}
