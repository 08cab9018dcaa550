/** What a parser may cost. A target may set tighter bounds (tests do), never looser ones. */
export interface FuzzLimits {
  /** Longest input, in bytes: long enough that a quadratic parser passes {@link cpuMsPer64KiB}. */
  readonly maxInputBytes: number;
  /** Processor time of one parse for every started 64 KiB of input, in milliseconds: time is linear in the length. */
  readonly cpuMsPer64KiB: number;
  /** What one parse may leave behind or reserve, in bytes, heap and array buffers together. */
  readonly memoryBytes: number;
  /** Heap of the thread in which a target runs, in MiB: nothing that a parser keeps may add up. */
  readonly heapMiB: number;
  /** Silence after which a thread is given up, in milliseconds of wall time; generous, because other work may have the machine. */
  readonly hangMs: number;
}

/** The limits of every run. */
export const FUZZ_LIMITS: FuzzLimits = {
  maxInputBytes: 65_536,
  cpuMsPer64KiB: 250,
  memoryBytes: 64 * 2 ** 20,
  heapMiB: 192,
  hangMs: 20_000,
};

/** Processor time that an input of that many bytes may cost, in milliseconds. */
export function cpuCapMs(limits: FuzzLimits, bytes: number): number {
  return limits.cpuMsPer64KiB * Math.max(1, Math.ceil(bytes / 65_536));
}
