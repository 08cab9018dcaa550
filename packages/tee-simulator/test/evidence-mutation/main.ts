import { performance } from "node:perf_hooks";
import { styleText } from "node:util";
import { parseSweepOptions, SWEEP_USAGE, type SweepOptions } from "./command-line.ts";
import { runSweep, type SweepProgress } from "./full-sweep.ts";
import { findings, formatSweep, sweepDocument } from "./report.ts";

function progressLine({ world, part, doneBytes, allBytes, survivors }: SweepProgress): string {
  const percent = ((100 * doneBytes) / allBytes).toFixed(1).padStart(5);
  return `${percent} %  ${world}: ${part}${survivors === 0 ? "" : `  ${survivors} against the table`}`;
}

async function run({ plan, jobs, json }: SweepOptions): Promise<boolean> {
  const out = json ? process.stderr : process.stdout;
  const start = performance.now();
  const result = await runSweep(plan, jobs, (progress) => {
    if (out.isTTY) out.write(`\r\u001B[K${progressLine(progress)}`);
    else if (progress.endsPart) out.write(`${progressLine(progress)}\n`);
  });
  if (out.isTTY) out.write("\r\u001B[K");
  const seconds = ((performance.now() - start) / 1000).toFixed(0);
  const found = findings(result, plan);
  if (json) process.stdout.write(`${JSON.stringify(sweepDocument(result, plan))}\n`);
  else out.write(`\n${formatSweep(result)}\n`);
  for (const finding of found) out.write(`${styleText("red", "✗")} ${finding}\n`);
  const mark = found.length === 0 ? styleText("green", "✓") : styleText("red", "✗");
  out.write(`${mark} ${found.length} findings in ${seconds} s\n`);
  return found.length === 0;
}

const options = parseSweepOptions(process.argv.slice(2));
if (options.ok) {
  process.exitCode = (await run(options.value)) ? 0 : 1;
} else {
  process.stderr.write(`${options.error}\n${SWEEP_USAGE}`);
  process.exitCode = 2;
}
