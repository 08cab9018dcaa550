/**
 * Waits for a promise, but not longer than `timeoutMs`. The work behind it goes on; its late outcome is dropped.
 *
 * @returns the value, or `onTimeout()` when the time is over first
 * @throws what the promise rejects with in time
 */
export async function withDeadline<T, L>(work: Promise<T>, timeoutMs: number, onTimeout: () => L): Promise<T | L> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<L>((resolve) => {
    timer = setTimeout(() => resolve(onTimeout()), timeoutMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
