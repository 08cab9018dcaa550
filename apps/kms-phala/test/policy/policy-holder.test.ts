import { policyFromEnvironment } from "@mero-tee/policy";
import type { Result } from "@mero-tee/tdx-quote/result";
import { describe, expect, test } from "vitest";
import { createPolicyHolder, type PolicyObserver } from "../../src/policy/policy-holder.ts";
import type { LoadedPolicy, PolicySourceError } from "../../src/policy/policy-source.ts";

const NOW = 1_780_272_000;
const FAILURE: Result<LoadedPolicy, PolicySourceError> = {
  ok: false,
  error: { code: "policy-unreachable", reason: "the policy could not be downloaded" },
};

function loadedPolicy(generatedAt: number | null = null): Result<LoadedPolicy, PolicySourceError> {
  const policy = policyFromEnvironment({});
  if (!policy.ok) throw new Error("unreachable");
  return {
    ok: true,
    value: { policy: { ...policy.value, generatedAt }, sha256: null, signer: null, nodePolicySha256: null },
  };
}

/** A holder whose source gives these outcomes one after the other, and whose retries run on demand. */
function holderOf(outcomes: readonly Result<LoadedPolicy, PolicySourceError>[], isRetried = true) {
  const queue = [...outcomes];
  const delays: number[] = [];
  const pending: (() => void)[] = [];
  const events: string[] = [];
  const clock = { now: NOW };
  const observer: PolicyObserver = {
    loaded: (source) => void events.push(`loaded ${source}`),
    failed: (_source, { code }, retryInMs) => void events.push(`${code} ${retryInMs}`),
  };
  const holder = createPolicyHolder({
    source: { label: "test", isRetried, load: () => Promise.resolve(queue.shift() ?? FAILURE) },
    schedule(work, delayMs) {
      delays.push(delayMs);
      pending.push(work);
      return () => void pending.splice(pending.indexOf(work), 1);
    },
    now: () => clock.now,
  });
  const retry = async (): Promise<void> => {
    pending.shift()?.();
    await new Promise(setImmediate);
  };
  return { holder, observer, delays, pending, events, clock, retry };
}

describe("a policy holder", () => {
  test("has no policy before the first load", () => {
    expect(holderOf([]).holder.current()).toMatchObject({ ok: false });
  });

  test("holds what its source gives", async () => {
    const { holder, observer, events } = holderOf([loadedPolicy()]);
    await holder.start(observer);
    expect(holder.current()).toMatchObject({ ok: true, value: { source: "environment" } });
    expect(events).toEqual(["loaded test"]);
  });

  test("keeps what it holds: no later answer of its source replaces it, newer or older", async () => {
    const [signed, replacement] = [loadedPolicy(NOW - 1), loadedPolicy(NOW - 2)];
    const { holder, observer, events, pending } = holderOf([signed, replacement, FAILURE]);
    await Promise.all([holder.start(observer), holder.start(observer)]);
    await holder.start(observer);
    expect(holder.current()).toMatchObject({ ok: true, value: { generatedAt: NOW - 1 } });
    expect(events).toEqual(["loaded test"]);
    expect(pending).toEqual([]);
  });

  test("says why it has none, and tries again until it has one", async () => {
    const { holder, observer, events, retry, pending } = holderOf([FAILURE, FAILURE, loadedPolicy()]);
    await holder.start(observer);
    expect(holder.current()).toEqual({ ok: false, error: { reason: "the policy could not be downloaded" } });
    await retry();
    expect(holder.current().ok).toBe(false);
    await retry();
    expect(holder.current().ok).toBe(true);
    expect(pending).toEqual([]);
    expect(events).toEqual(["policy-unreachable 5000", "policy-unreachable 10000", "loaded test"]);
  });

  test("pauses twice as long each time, and never more than five minutes", async () => {
    const { holder, observer, delays, retry } = holderOf([]);
    await holder.start(observer);
    for (let index = 0; index < 8; index += 1) await retry();
    expect(delays).toEqual([5, 10, 20, 40, 80, 160, 300, 300, 300].map((seconds) => seconds * 1000));
  });

  test("does not ask again where asking again is pointless", async () => {
    const { holder, observer, delays } = holderOf([FAILURE], false);
    await holder.start(observer);
    expect(delays).toEqual([]);
  });

  test("stops trying when it is stopped, also during an attempt", async () => {
    const { holder, observer, pending, events } = holderOf([FAILURE]);
    await holder.start(observer);
    holder.stop();
    expect(pending).toEqual([]);
    const other = holderOf([loadedPolicy()]);
    const started = other.holder.start(other.observer);
    other.holder.stop();
    await started;
    expect([events.length, other.events.length]).toEqual([1, 0]);
  });

  test.each([
    { by: -1, ok: false },
    { by: 0, ok: true },
    { by: 1, ok: true },
  ])("with the clock $by s after the policy was made is ready: $ok", async ({ by, ok }) => {
    const { holder, observer, clock } = holderOf([loadedPolicy(NOW)]);
    await holder.start(observer);
    clock.now = NOW + by;
    expect(holder.current().ok).toBe(ok);
  });
});
