import type { AppraisalPolicy } from "@mero-tee/policy";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";
import type { LoadedPolicy, PolicySource, PolicySourceError } from "./policy-source.ts";

const FIRST_RETRY_MS = 5_000;
const LAST_RETRY_MS = 300_000;

/** Runs something later; the answer calls it off. */
export type Schedule = (work: () => void, delayMs: number) => () => void;

/** Told about every attempt to load. */
export interface PolicyObserver {
  loaded(source: string, loaded: LoadedPolicy): void;
  failed(source: string, error: PolicySourceError, retryInMs: number | null): void;
}

/** The policy in force, or why there is none. */
export interface PolicyHolder {
  current(): Result<AppraisalPolicy, { readonly reason: string }>;
  /** Loads for the first time; resolves when that attempt has ended, and goes on trying behind it. */
  start(observer: PolicyObserver): Promise<void>;
  stop(): void;
}

/** Settings of {@link createPolicyHolder}. */
export interface PolicyHolderOptions {
  readonly source: PolicySource;
  readonly schedule: Schedule;
  /** Wall clock, Unix seconds. */
  readonly now: () => number;
}

/**
 * Keeps the policy. A failed load leaves the service without one and is tried again with growing pauses: the process
 * must come up while a release host is down, and must not need a restart once it is back.
 */
export function createPolicyHolder(options: PolicyHolderOptions): PolicyHolder {
  const { source, schedule, now } = options;
  let policy: AppraisalPolicy | null = null;
  let reason = "no policy has been loaded yet";
  let cancelRetry: (() => void) | null = null;
  let isStopped = false;

  const attempt = async (observer: PolicyObserver, retryMs: number): Promise<void> => {
    const loaded = await source.load();
    // Whatever answers later, a policy in force stays: another one takes a new process, which judges it anew.
    if (isStopped || policy !== null) return;
    if (loaded.ok) {
      policy = loaded.value.policy;
      observer.loaded(source.label, loaded.value);
      return;
    }
    reason = loaded.error.reason;
    observer.failed(source.label, loaded.error, source.isRetried ? retryMs : null);
    if (!source.isRetried) return;
    cancelRetry = schedule(() => void attempt(observer, Math.min(retryMs * 2, LAST_RETRY_MS)), retryMs);
  };
  return {
    current() {
      if (policy === null) return err({ reason });
      // A clock before the policy was made is wrong, and a wrong clock revives collateral that has long expired.
      if (policy.generatedAt !== null && now() < policy.generatedAt) {
        return err({ reason: "the clock is behind the time at which the policy was made" });
      }
      return ok(policy);
    },
    start: (observer) => attempt(observer, FIRST_RETRY_MS),
    stop() {
      isStopped = true;
      cancelRetry?.();
    },
  };
}
