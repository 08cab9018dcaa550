type SpentState = "in-flight" | "released" | "failed";

interface SpentEntry {
  readonly expiresAt: number;
  state: SpentState;
}

/** The ids that were spent and have not expired: insert-if-absent in constant time, bounded, with eviction of failures. */
export interface SpentSet {
  /** Spends `id`; `"spent"` when it already is, `"full"` when only entries that must stay are left. */
  insert(id: string, expiresAt: number, now: number): "inserted" | "spent" | "full";
  /** Says how the request that inserted `id` ended; nothing happens when the entry has expired meanwhile. */
  settle(id: string, outcome: "released" | "failed"): void;
  readonly size: number;
}

/**
 * Makes a {@link SpentSet} of at most `capacity` entries.
 *
 * Full means that a stranger has spent that many challenges of his own within one lifetime. Such entries must not
 * refuse anyone else, so those of failed requests are forgotten first, oldest first: a forgotten one could be used
 * again, and fails again. An entry in flight or that released a key is never forgotten before its expiry, so that
 * one challenge never releases two keys.
 */
export function createSpentSet(capacity: number): SpentSet {
  const entries = new Map<string, SpentEntry>();
  // One bucket a second: expiry costs as much as there is to expire, and never a scan of everything.
  const buckets = new Map<number, Set<string>>();
  // In order of failure, oldest first, as a Set iterates in order of insertion.
  const failed = new Set<string>();
  let expiredThrough = -Infinity;

  const forget = (id: string, entry: SpentEntry): void => {
    entries.delete(id);
    failed.delete(id);
    const bucket = buckets.get(entry.expiresAt);
    bucket?.delete(id);
    if (bucket?.size === 0) buckets.delete(entry.expiresAt);
  };
  const expire = (now: number): void => {
    if (now <= expiredThrough) return;
    expiredThrough = now;
    for (const [expiresAt, ids] of buckets) {
      if (expiresAt > now) continue;
      buckets.delete(expiresAt);
      for (const id of ids) {
        entries.delete(id);
        failed.delete(id);
      }
    }
  };
  const hasRoom = (): boolean => {
    if (entries.size < capacity) return true;
    for (const id of failed) {
      const entry = entries.get(id);
      if (entry !== undefined) forget(id, entry);
      return true;
    }
    return false;
  };
  return {
    insert(id, expiresAt, now) {
      expire(now);
      if (entries.has(id)) return "spent";
      if (!hasRoom()) return "full";
      entries.set(id, { expiresAt, state: "in-flight" });
      const bucket = buckets.get(expiresAt);
      if (bucket === undefined) buckets.set(expiresAt, new Set([id]));
      else bucket.add(id);
      return "inserted";
    },
    settle(id, outcome) {
      const entry = entries.get(id);
      if (entry === undefined || entry.state !== "in-flight") return;
      entry.state = outcome;
      if (outcome === "failed") failed.add(id);
    },
    get size() {
      return entries.size;
    },
  };
}
