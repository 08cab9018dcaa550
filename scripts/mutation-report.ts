/** The part of Stryker's JSON report that is read here. */
export interface MutationReport {
  readonly files: Readonly<Record<string, { readonly source: string; readonly mutants: readonly Mutant[] }>>;
}

/** One change of the code, and what the tests made of it. */
interface Mutant {
  readonly status: string;
  /** `Static mutant` where the change is made while modules load, and is left to a run of its own. */
  readonly statusReason?: string;
  readonly replacement: string;
  readonly location: { readonly start: Place; readonly end: Place };
}

/** Both count from 1. */
interface Place {
  readonly line: number;
  readonly column: number;
}

/** A change of the code that no test notices. */
export interface Survivor {
  readonly file: string;
  /** The code that is changed, and what it is changed to; white space does not count. */
  readonly from: string;
  readonly to: string;
}

/** What the tests make of the changes of one file. */
export interface FileScore {
  readonly file: string;
  readonly killed: number;
  /** Among the killed: those with which the tests did not end. */
  readonly timedOut: number;
  readonly survivors: readonly Survivor[];
  /** Changes that were not tried, or could not be. */
  readonly untried: number;
}

const NOTICED: ReadonlySet<string> = new Set(["Killed", "Timeout"]);
const UNNOTICED: ReadonlySet<string> = new Set(["Survived", "NoCoverage"]);

/** Code with any white space as one blank, as survivors are written down. */
export function oneLine(code: string): string {
  return code.trim().replaceAll(/\s+/g, " ");
}

function codeAt(source: string, { start, end }: Mutant["location"]): string {
  const lines = source.split("\n").slice(start.line - 1, end.line);
  const last = lines.length - 1;
  return lines
    .map((line, index) => line.slice(index === 0 ? start.column - 1 : 0, index === last ? end.column - 1 : undefined))
    .join("\n");
}

/** Reads a report, file by file. */
export function scoresOf(report: MutationReport): readonly FileScore[] {
  return Object.entries(report.files).map(([file, { source, mutants }]) => {
    const killed = mutants.filter(({ status }) => NOTICED.has(status));
    const survivors = mutants.filter(({ status }) => UNNOTICED.has(status));
    return {
      file,
      killed: killed.length,
      timedOut: killed.filter(({ status }) => status === "Timeout").length,
      survivors: survivors.map(({ location, replacement }) => ({
        file,
        from: oneLine(codeAt(source, location)),
        to: oneLine(replacement),
      })),
      untried: mutants.length - killed.length - survivors.length,
    };
  });
}

/** Share of the changes that a test notices, in percent with one decimal, rounded down. */
export function scoreOf(files: readonly Pick<FileScore, "killed" | "survivors">[]): string {
  const killed = files.reduce((sum, file) => sum + file.killed, 0);
  const total = files.reduce((sum, file) => sum + file.killed + file.survivors.length, 0);
  return (total === 0 ? 0 : Math.floor((1000 * killed) / total) / 10).toFixed(1);
}

function isStatic({ status, statusReason = "" }: Mutant): boolean {
  return status === "Ignored" && statusReason.startsWith("Static mutant");
}

/** The lines of changes that are made while modules load, as Stryker takes them: `src/crl.ts:12-14`. */
export function staticLines(report: MutationReport): readonly string[] {
  const lines = Object.entries(report.files).flatMap(([file, { mutants }]) =>
    mutants.filter(isStatic).map(({ location: { start, end } }) => `${file}:${start.line}-${end.line}`),
  );
  return [...new Set(lines)];
}

const keyOf = ({ replacement, location: { start, end } }: Mutant): string =>
  [start.line, start.column, end.line, end.column, replacement].join(":");

/** The report with what a second run made of the changes that are made while modules load. */
export function withStatic(report: MutationReport, second: MutationReport): MutationReport {
  const files = Object.entries(report.files).map(([file, { source, mutants }]) => {
    const tried = new Map(second.files[file]?.mutants.map((mutant) => [keyOf(mutant), mutant]));
    const merged = mutants.map((mutant) => (isStatic(mutant) ? (tried.get(keyOf(mutant)) ?? mutant) : mutant));
    return [file, { source, mutants: merged }] as const;
  });
  return { files: Object.fromEntries(files) };
}

/** The report without the changes that were not noticed, or only because tests did not end: those are to be tried again. */
export function onlyKilled<Report extends MutationReport>(report: Report): Report {
  const files = Object.entries(report.files).map(([file, entry]) => {
    const mutants = entry.mutants.filter(({ status }) => status === "Killed");
    return [file, { ...entry, mutants }] as const;
  });
  return { ...report, files: Object.fromEntries(files) };
}
