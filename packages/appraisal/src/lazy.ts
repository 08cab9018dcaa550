/** Computes once, when the value is first asked for; whoever asks later gets the same, a failure included. */
export function lazy<T>(compute: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | null = null;
  return () => (result ??= compute());
}
