/** A level of a log line. */
export type CiLevel = "INFO" | "WARN" | "ERROR";

/** Where lines go, and what time it is. */
export interface CiLogPorts {
  readonly write: (line: string) => void;
  readonly now: () => Date;
}

/** The log of a job: one line an event, and one line with the result that scripts can read. */
export interface CiLog {
  readonly line: (level: CiLevel, text: string) => void;
  /** `RESULT|job=…|status=…|reason=CODE|…` */
  readonly result: (job: string, status: "ok" | "failed" | "skipped", facts: Readonly<Record<string, string>>) => void;
}

/** Makes the log of a job. Source: docs/releases.md. */
export function createCiLog({ write, now }: CiLogPorts): CiLog {
  const stamp = (): string =>
    now()
      .toISOString()
      .replace(/\.\d+Z$/, "Z");
  return {
    line: (level, text) => write(`${stamp()} [${level}] ${oneLine(text)}`),
    result: (job, status, facts) => {
      const fields = Object.entries({ job, status, ...facts }).map(([key, value]) => `${key}=${field(value)}`);
      write(`${stamp()} [${status === "failed" ? "ERROR" : "INFO"}] ${["RESULT", ...fields].join("|")}`);
    },
  };
}

/** The log of this process. */
export function ciLog(): CiLog {
  return createCiLog({ write: (line) => void process.stderr.write(`${line}\n`), now: () => new Date() });
}

/** What a runner could read as a command of a workflow, or as another line, is not written as such. */
function oneLine(text: string): string {
  return text.replaceAll(/[^\P{C}]+/gu, " ").replace(/^::/, ": :");
}

function field(value: string): string {
  return oneLine(value).replaceAll("|", "/");
}
