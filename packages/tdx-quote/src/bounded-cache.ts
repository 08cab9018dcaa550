/** A map that forgets what was used least recently once it is full. */
export interface BoundedCache<V> {
  readonly get: (key: string) => V | undefined;
  readonly set: (key: string, value: V) => void;
}

/**
 * Makes an empty cache.
 *
 * @param capacity - most entries kept, at least 1
 * Throws RangeError for another capacity: an unbounded cache could be filled by strangers.
 */
export function createBoundedCache<V>(capacity: number): BoundedCache<V> {
  if (!Number.isSafeInteger(capacity) || capacity < 1)
    throw new RangeError(`capacity must be 1 or more, not ${capacity}`);
  // A Map iterates in the order of insertion, so the first key is the one used least recently.
  const entries = new Map<string, V>();
  // The key at the end: what is used again and again need not be moved there each time.
  let newest: string | undefined;
  const moveToEnd = (key: string, value: V): void => {
    entries.delete(key);
    entries.set(key, value);
    newest = key;
  };
  return {
    get: (key) => {
      const value = entries.get(key);
      if (value !== undefined && key !== newest) moveToEnd(key, value);
      return value;
    },
    set: (key, value) => {
      moveToEnd(key, value);
      for (const oldest of entries.keys()) {
        if (entries.size <= capacity) break;
        entries.delete(oldest);
      }
    },
  };
}
