import type { Result } from "@mero-tee/tdx-quote/result";

/** Why the shared set cannot be used. */
export interface SharedSetError {
  readonly code:
    | "redis-unreachable"
    | "redis-timeout"
    | "redis-refused"
    | "redis-answer-malformed"
    | "redis-evicts"
    | "redis-clock-off"
    | "redis-lost-data"
    | "challenge-key-unavailable";
  /** One word for the log, such as `ECONNREFUSED` or `NOAUTH`: never a host, a user, a password or a command. */
  readonly word?: string;
}

/** What stands beside the spent entries. */
export interface SharedSetState {
  /** 32 bytes as hex, the same for all instances, and others as soon as anything that was written may be gone. */
  readonly generationHex: string;
  /** The clock of the server, milliseconds since 1970. */
  readonly timeMs: number;
}

/** What one attempt to spend came to; the state is that of the same instant. */
export interface SpendOutcome {
  /** Whether this call alone spent the id. */
  readonly isFirst: boolean;
  /** Null when there is no generation: the set has lost its data. */
  readonly generationHex: string | null;
  readonly timeMs: number;
}

/** The ids that were spent, shared by all instances. Every call ends within its own time limit. */
export interface SharedSpentSet {
  /**
   * Connects anew if it must, makes sure that nothing is evicted, and reads the state; makes the generation if none is
   * there.
   *
   * @param onLost - told if a connection that this makes ends by itself
   */
  open(onLost: (error: SharedSetError) => void): Promise<Result<SharedSetState, SharedSetError>>;
  /**
   * Spends an id if nobody has. After an error it is unknown whether it was spent.
   *
   * @param id - 32 lower-case hex digits
   */
  spend(id: string, lifeSeconds: number): Promise<Result<SpendOutcome, SharedSetError>>;
  close(): void;
}
