import type { Rate } from "../config/rate-limits.ts";

/** One bucket that a request draws from: what is limited, for whom, and how. */
export interface Draw {
  readonly key: string;
  readonly rates: readonly Rate[];
}

/** Whether a request may go on; if not, after how many seconds asking again can help. */
export type Admission =
  | { readonly isAdmitted: true; readonly remaining: number; readonly limit: number; readonly resetSeconds: number }
  | { readonly isAdmitted: false; readonly retryAfterSeconds: number; readonly limit: number };

/** Counts requests. */
export interface RateLimiter {
  /** Draws once from every rate of a bucket, or from none where one of them is empty. Never throws. */
  draw(draw: Draw): Promise<Admission>;
}

/**
 * What a draw at an instant comes to, and what to remember of it.
 *
 * @param states - for each rate when its bucket is full again, Unix milliseconds: all that there is to know of a token bucket
 */
function drawFrom(
  states: readonly number[],
  rates: readonly Rate[],
  nowMs: number,
): { readonly admission: Admission; readonly fullAtMs: readonly number[] } {
  const limit = Math.min(...rates.map(({ count }) => count));
  const after = rates.map(({ count, seconds }, index) => {
    const intervalMs = (seconds * 1000) / count;
    // Full in the past is full now.
    const fullAtMs = Math.max(states[index] ?? 0, nowMs) + intervalMs;
    const overMs = fullAtMs - nowMs - seconds * 1000;
    return { fullAtMs, overMs, remaining: Math.floor((seconds * 1000 - (fullAtMs - nowMs)) / intervalMs + 1e-9) };
  });
  const waitMs = Math.max(...after.map(({ overMs }) => overMs));
  if (waitMs > 1e-6) {
    const retryAfterSeconds = Math.max(1, Math.ceil(waitMs / 1000));
    return { admission: { isAdmitted: false, retryAfterSeconds, limit }, fullAtMs: states };
  }
  const remaining = Math.max(0, Math.min(...after.map((bucket) => bucket.remaining)));
  const resetSeconds = Math.ceil(Math.max(...after.map(({ fullAtMs }) => fullAtMs - nowMs)) / 1000);
  return { admission: { isAdmitted: true, remaining, limit, resetSeconds }, fullAtMs: after.map((b) => b.fullAtMs) };
}

/**
 * Counts in this process's memory.
 *
 * @param capacity - most buckets that are kept. When it is reached, buckets that are full again go first, then the one
 *   that fills up soonest: whoever made the room by asking from many addresses gains one request at most for each.
 */
export function createMemoryRateLimiter(nowMs: () => number, capacity: number = 50_000): RateLimiter {
  const buckets = new Map<string, readonly number[]>();
  const makeRoom = (now: number): void => {
    for (const [key, states] of buckets) if (states.every((fullAtMs) => fullAtMs <= now)) buckets.delete(key);
    if (buckets.size < capacity) return;
    // The oldest entry: rates of one kind fill up in the order in which they were drawn from.
    const [oldest] = buckets.keys();
    if (oldest !== undefined) buckets.delete(oldest);
  };
  return {
    async draw({ key, rates }) {
      const now = nowMs();
      const states = buckets.get(key) ?? [];
      const { admission, fullAtMs } = drawFrom(states, rates, now);
      if (!admission.isAdmitted) return admission;
      if (!buckets.has(key) && buckets.size >= capacity) makeRoom(now);
      buckets.delete(key);
      buckets.set(key, fullAtMs);
      return admission;
    },
  };
}
