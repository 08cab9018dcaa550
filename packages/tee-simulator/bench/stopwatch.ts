/** Something whose calls are timed; each call gets a number of its own, so that none can live off what another learnt. */
export interface Subject {
  readonly name: string;
  readonly call: (index: number) => unknown;
  /** Which part of a schedule's calls it takes, for slow ones; all where absent. */
  readonly share?: number;
}

/** How often. */
export interface Schedule {
  /** Untimed calls of each subject, for the compiler. */
  readonly warmUp: number;
  readonly rounds: number;
  /** Timed calls of each subject in each round. */
  readonly callsPerRound: number;
}

/** Numbers that a subject's calls are given under a schedule: 0 to this, exclusive. */
export function callsOf({ warmUp, rounds, callsPerRound }: Schedule): number {
  return warmUp + rounds * callsPerRound;
}

/**
 * Median time of one call of each subject, in microseconds, by name. The subjects take turns, so that what else the machine does
 * meanwhile falls on all of them alike.
 */
export async function medianMicroseconds(
  subjects: readonly Subject[],
  schedule: Schedule,
): Promise<Readonly<Record<string, number>>> {
  const { warmUp, rounds, callsPerRound } = schedule;
  for (const { call, share = 1 } of subjects) {
    for (let index = 0; index < warmUp * share; index += 1) await call(index);
  }
  const samples = new Map<string, number[]>();
  for (let round = 0; round < rounds; round += 1) {
    for (const { name, call, share = 1 } of subjects) {
      const times = samples.get(name) ?? [];
      samples.set(name, times);
      for (let at = 0; at < callsPerRound * share; at += 1) {
        const index = warmUp + round * callsPerRound + at;
        const start = performance.now();
        await call(index);
        times.push((performance.now() - start) * 1e3);
      }
    }
  }
  return Object.fromEntries(Array.from(samples, ([name, times]) => [name, median(times)]));
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
