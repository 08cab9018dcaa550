import { randomInt } from "node:crypto";
import { styleText } from "node:util";
import { FUZZ_USAGE, parseFuzzOptions, type FuzzOptions } from "./command-line.ts";
import { createCorpus } from "./corpus.ts";
import { keepFinding } from "./found-cases.ts";
import { formatReports, hasPassed, uselessness } from "./report.ts";
import { runSession } from "./session.ts";
import type { TargetReport } from "./supervise.ts";
import { FUZZ_TARGETS } from "./targets.ts";
import type { TallyMessage } from "./thread-protocol.ts";

/** Lines of progress in a log that is no terminal. */
const QUIET_PROGRESS_MS = 60_000;

function createProgress(write: (text: string) => void, isTerminal: boolean) {
  const running = new Map<string, string>();
  const told = new Map<string, number>();
  return {
    tell(target: string, { executions, accepted, outcomes }: TallyMessage): void {
      running.set(target, `${target} ${executions} (${accepted} accepted, ${outcomes.length} outcomes)`);
      if (isTerminal) {
        write(`\r\u001b[K${[...running.values()].join("   ")}`);
        return;
      }
      const now = performance.now();
      if (now - (told.get(target) ?? 0) < QUIET_PROGRESS_MS) return;
      told.set(target, now);
      write(`${running.get(target) ?? ""}\n`);
    },
    end({ target, executions, findings }: TargetReport): void {
      running.delete(target);
      const mark = findings.length === 0 ? styleText("green", "✓") : styleText("red", "✗");
      write(
        `${isTerminal ? "\r\u001b[K" : ""}${mark} ${target}: ${executions} executions, ${findings.length} findings\n`,
      );
    },
  };
}

interface KeptFinding {
  readonly target: string;
  readonly reason: string;
  readonly file: string;
}

async function run(options: FuzzOptions): Promise<boolean> {
  const out = options.json ? process.stderr : process.stdout;
  const seed = options.seed ?? randomInt(2 ** 32);
  const targets = FUZZ_TARGETS.filter(({ name }) => options.targets.length === 0 || options.targets.includes(name));
  out.write(`seed ${seed}, ${options.seconds} s for each of ${targets.length} targets\n`);
  const progress = createProgress((text) => out.write(text), out.isTTY);
  const kept: KeptFinding[] = [];
  const reports = await runSession({
    targets,
    targetsModule: new URL("./targets.ts", import.meta.url).href,
    corpus: await createCorpus({ withDefects: true }),
    seed,
    seconds: options.seconds,
    jobs: options.jobs,
    onProgress: (target, tally) => progress.tell(target, tally),
    onReport: (report) => {
      progress.end(report);
      // Kept at once: a long run may be stopped before its end.
      for (const finding of report.findings) {
        const { target, reason } = finding;
        kept.push({ target, reason, file: keepFinding(finding) });
      }
    },
  });
  if (options.json) {
    const rows = reports.map((report) => ({
      ...report,
      findings: report.findings.length,
      useless: uselessness(report),
    }));
    process.stdout.write(`${JSON.stringify({ schemaVersion: 1, seed, targets: rows, findings: kept })}\n`);
  } else {
    out.write(`\n${formatReports(reports)}`);
    for (const { target, reason, file } of kept) out.write(`${target}: ${reason}\n  kept as fuzz/found/${file}\n`);
  }
  return hasPassed(reports);
}

const options = parseFuzzOptions(
  process.argv.slice(2),
  FUZZ_TARGETS.map(({ name }) => name),
);
if (options.ok) {
  process.exitCode = (await run(options.value)) ? 0 : 1;
} else {
  process.stderr.write(`${options.error}\n${FUZZ_USAGE}`);
  process.exitCode = 2;
}
