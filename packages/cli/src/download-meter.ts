import type { Ports } from "./context.ts";
import { readVariable } from "./environment.ts";

/** Counts what has come, and shows it where somebody looks on. */
export interface DownloadMeter {
  /** Passes chunks on and counts them. */
  count(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array>;
  /** Takes the line away. */
  end(): void;
}

const MIB = 1024 * 1024;
/** The line is drawn anew with every file and with every so many bytes, not with every chunk. */
const STEP_BYTES = MIB / 4;
const ERASE_LINE = "\r\u001B[2K";

/**
 * A line on standard error that says how far a download is: on a terminal only, drawn over itself, and not before
 * `progressAfterMs`. Elsewhere it writes nothing.
 *
 * @param total - number of files
 */
export function createDownloadMeter(ports: Ports, total: number): DownloadMeter {
  const { stderr } = ports;
  const isSeen = stderr.isTTY === true && readVariable(ports.environment, "TERM") !== "dumb";
  let [files, bytes, drawnAt] = [0, 0, 0];
  let isDue = ports.progressAfterMs === 0;
  const timer = setTimeout(() => (isDue = true), ports.progressAfterMs);
  timer.unref();
  const draw = (): void => {
    if (!isSeen || !isDue) return;
    drawnAt = bytes;
    stderr.write(`${ERASE_LINE}… ${files} of ${total} files, ${(bytes / MIB).toFixed(1)} MiB`);
  };
  return {
    async *count(chunks) {
      for await (const chunk of chunks) {
        bytes += chunk.length;
        if (bytes - drawnAt >= STEP_BYTES) draw();
        yield chunk;
      }
      files += 1;
      draw();
    },
    end() {
      clearTimeout(timer);
      if (isSeen && isDue) stderr.write(ERASE_LINE);
    },
  };
}
