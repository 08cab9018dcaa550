/** A value and the instant from which it no longer counts as fresh, Unix milliseconds. */
interface Kept<V> {
  readonly value: V;
  readonly freshUntilMs: number;
  readonly keptUntilMs: number;
}

/** A value that was fetched now, before, or before and is served because its source is down. */
interface Recalled<V> {
  readonly value: V;
  readonly isStale: boolean;
}

/** How long a fetched value counts. */
interface Lifetime {
  readonly freshMs: number;
  /** How long it is served instead of a failure, from the fetch. */
  readonly keptMs: number;
}

/** Fetched values by key: one fetch at a time for each, the last good one while the source is down. */
export interface BoundedMemory<V, E> {
  /**
   * The value of a key. All callers of a key wait for one fetch.
   *
   * @param fetch - gives the value with its lifetime, or a failure, which is remembered by nobody
   */
  recall(key: string, fetch: () => Promise<Fetching<V, E>>): Promise<Recalling<V, E>>;
}

/** What a fetch comes to; a `final` failure (there is no such thing) is told even where an old value is kept. */
export type Fetching<V, E> =
  | { readonly ok: true; readonly value: V; readonly lifetime: Lifetime }
  | { readonly ok: false; readonly error: E; readonly isFinal: boolean };
/** What a recollection comes to. */
export type Recalling<V, E> =
  { readonly ok: true; readonly value: Recalled<V> } | { readonly ok: false; readonly error: E };

/**
 * Makes an empty memory.
 *
 * @param capacity - most values kept; the least recently used goes first
 */
export function createBoundedMemory<V, E>(capacity: number, nowMs: () => number): BoundedMemory<V, E> {
  const kept = new Map<string, Kept<V>>();
  const underWay = new Map<string, Promise<Recalling<V, E>>>();
  const store = (key: string, entry: Kept<V>): void => {
    kept.delete(key);
    kept.set(key, entry);
    const [oldest] = kept.keys();
    if (kept.size > capacity && oldest !== undefined) kept.delete(oldest);
  };
  const load = async (key: string, fetch: () => Promise<Fetching<V, E>>): Promise<Recalling<V, E>> => {
    const fetched = await fetch();
    const now = nowMs();
    if (fetched.ok) {
      const { freshMs, keptMs } = fetched.lifetime;
      store(key, { value: fetched.value, freshUntilMs: now + freshMs, keptUntilMs: now + keptMs });
      return { ok: true, value: { value: fetched.value, isStale: false } };
    }
    const last = kept.get(key);
    if (last !== undefined && !fetched.isFinal && now < last.keptUntilMs) {
      return { ok: true, value: { value: last.value, isStale: true } };
    }
    return { ok: false, error: fetched.error };
  };
  return {
    async recall(key, fetch) {
      const known = kept.get(key);
      if (known !== undefined && nowMs() < known.freshUntilMs) {
        store(key, known);
        return { ok: true, value: { value: known.value, isStale: false } };
      }
      const joined = underWay.get(key);
      if (joined !== undefined) return await joined;
      const loading = load(key, fetch).finally(() => underWay.delete(key));
      underWay.set(key, loading);
      return await loading;
    },
  };
}
