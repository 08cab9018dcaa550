/**
 * Median time of one call, in microseconds.
 *
 * The calls run one after the other, each on its own input, so that nothing learnt from one call can serve the next unless the
 * code under test keeps it on purpose.
 *
 * @param calls - how many are timed; a tenth more run before as warm-up
 */
export async function medianMicroseconds(calls: number, call: (index: number) => unknown): Promise<number> {
  const warmUp = Math.ceil(calls / 10);
  const samples: number[] = [];
  for (let index = 0; index < warmUp + calls; index += 1) {
    const start = performance.now();
    await call(index);
    const elapsed = (performance.now() - start) * 1e3;
    if (index >= warmUp) samples.push(elapsed);
  }
  samples.sort((a, b) => a - b);
  return samples[samples.length >> 1] ?? Number.NaN;
}
