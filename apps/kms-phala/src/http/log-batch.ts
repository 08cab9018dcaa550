import type { Schedule } from "../policy/policy-holder.ts";
import type { LogStream } from "./logger.ts";

/** Log lines that are written several at a time. */
export interface LogBatch extends LogStream {
  /** Writes at once what waits; for the end of the process. */
  flush(): void;
}

// A write to a pipe takes as long as a fifth of all JavaScript of a request, and each request logs two lines.
const LONGEST_WAIT_MS = 20;
const MOST_CHARACTERS = 65_536;

/**
 * Gathers log lines and writes them together, after {@link LONGEST_WAIT_MS} at the latest and never more than a bounded
 * amount behind. What waits is lost only where nothing can be done any more: when the process is killed or aborts.
 *
 * @param write - writes all of a text, in order
 */
export function createLogBatch(write: (text: string) => void, schedule: Schedule): LogBatch {
  let waiting = "";
  let cancel: (() => void) | null = null;

  const flush = (): void => {
    cancel?.();
    cancel = null;
    const text = waiting;
    waiting = "";
    if (text !== "") write(text);
  };
  return {
    flush,
    write(line) {
      waiting += line;
      if (waiting.length >= MOST_CHARACTERS) flush();
      else cancel ??= schedule(flush, LONGEST_WAIT_MS);
    },
  };
}
