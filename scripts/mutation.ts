import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { execa } from "execa";
import { MUTATION_AREA_NAMES, MUTATION_AREAS } from "./mutation-areas.ts";
import {
  onlyKilled,
  scoreOf,
  scoresOf,
  staticLines,
  withStatic,
  type FileScore,
  type MutationReport,
} from "./mutation-report.ts";
import { compareSurvivors, type ExplainedMutant } from "./surviving-mutants.ts";

/**
 * `pnpm mutation [AREA…] [--mutate FILE] [--incremental]`: changes the code that judges, one place at a time, and counts the
 * changes that no test notices. `--incremental` tries again only what a change of code or tests may have changed since the
 * last run of the area. Ends with 1 when an area scores below 90 %, when a survivor is not explained in `docs/surviving-mutants.json` or
 * an explained one is noticed by now; with 2 when the arguments are wrong.
 */
const DEMANDED = 90;
const root = fileURLToPath(new URL("..", import.meta.url));
const folder = `${root}.stryker-tmp`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { mutate: { type: "string", multiple: true }, incremental: { type: "boolean", default: false } },
});
const unknown = positionals.filter((name) => !(name in MUTATION_AREAS));
if (unknown.length > 0) {
  process.stderr.write(`no such area: ${unknown.join(", ")}; there are ${MUTATION_AREA_NAMES.join(", ")}\n`);
  process.exit(2);
}

function readJson(path: string) {
  return JSON.parse(readFileSync(path, "utf8"));
}

/** One run of Stryker; null where it failed before it could report. */
async function runStryker(name: string, options: Readonly<Record<string, unknown>>): Promise<MutationReport | null> {
  const [config, report] = [`${folder}/${name}.config.json`, `${folder}/${name}.json`];
  const incrementalFile = `${folder}/${name}.incremental.json`;
  if (values.incremental && values.mutate === undefined && existsSync(incrementalFile)) {
    // Stryker does not see a change of what tests share, so only what they noticed is believed.
    writeFileSync(incrementalFile, JSON.stringify(onlyKilled(readJson(incrementalFile))));
  } else {
    rmSync(incrementalFile, { force: true });
  }
  rmSync(report, { force: true });
  const own = { jsonReporter: { fileName: report }, incremental: true, incrementalFile };
  writeFileSync(config, JSON.stringify({ ...readJson(`${root}stryker.config.json`), ...own, ...options }));
  await execa("stryker", ["run", config], { cwd: root, preferLocal: true, stdio: "inherit", reject: false });
  return existsSync(report) ? readJson(report) : null;
}

/**
 * Scores some files. What is changed while modules load cannot be tried test by test: every test runs again for each
 * such change, so they come second, and the rest is not slowed down by them.
 */
async function scoreFiles(name: string, mutate: readonly string[]): Promise<readonly FileScore[] | null> {
  const first = await runStryker(name, { mutate });
  const lines = first === null ? [] : staticLines(first);
  if (first === null || lines.length === 0) return first && scoresOf(first);
  const second = await runStryker(`${name}-static`, { mutate: lines, ignoreStatic: false });
  return second && scoresOf(withStatic(first, second));
}

const COUNTS = [
  ["noticed", (file: FileScore) => file.killed],
  ["timed out", (file: FileScore) => file.timedOut],
  ["survived", (file: FileScore) => file.survivors.length],
  ["untried", (file: FileScore) => file.untried],
] as const;

function tableRow(name: string, files: readonly FileScore[]): string {
  const counts = COUNTS.map(([head, count]) =>
    `${files.reduce((total, file) => total + count(file), 0)}`.padStart(head.length),
  );
  return [`${scoreOf(files).padStart(5)} %`, ...counts, name].join("  ");
}

// Stryker copies the tree one folder down; the tests look for the recorded quotes beside the tree they are in.
mkdirSync(folder, { recursive: true });
const vectors = fileURLToPath(new URL("../../shared", import.meta.url));
if (existsSync(vectors) && !existsSync(`${folder}/shared`)) symlinkSync(vectors, `${folder}/shared`);

const areas: readonly (readonly [name: string, files: readonly string[]])[] =
  values.mutate === undefined
    ? MUTATION_AREA_NAMES.filter((name) => positionals.length === 0 || positionals.includes(name)).map((name) => [
        name,
        MUTATION_AREAS[name],
      ])
    : [["some", values.mutate]];

const rows: string[] = [];
const scores: FileScore[] = [];
for (const [name, files] of areas) {
  const area = await scoreFiles(name, files);
  if (area === null) throw new Error(`Stryker left no report on ${name}`);
  scores.push(...area);
  rows.push(tableRow(name, area), ...area.map((file) => tableRow(`  ${file.file}`, [file])));
  if (Number(scoreOf(area)) < DEMANDED) process.exitCode = 1;
}

const explained: readonly ExplainedMutant[] = readJson(`${root}docs/surviving-mutants.json`);
const { unexplained, outdated } = compareSurvivors(scores, explained);
const lines = [
  ["  score", ...COUNTS.map(([head]) => head), "what"].join("  "),
  ...rows,
  tableRow("in all", scores),
  ...unexplained.map((mutant) => `not explained: ${JSON.stringify(mutant)}`),
  ...outdated.map((mutant) => `explained, and noticed by now: ${JSON.stringify(mutant)}`),
];
process.stdout.write(`${lines.join("\n")}\n`);
if (unexplained.length + outdated.length > 0) process.exitCode = 1;
