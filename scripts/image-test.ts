import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { PROFILES } from "../packages/policy/src/index.ts";
import { bootLevel } from "./image/boot-level.ts";
import { missingFor, packagesOf } from "./image/debian-packages.ts";
import { countLevel, levelLine, type LevelReport, levelTable } from "./image/level-report.ts";
import { imageLevel } from "./image/image-level.ts";
import { type Finding, finding, type Level, type LevelRequest, LEVELS } from "./image/level.ts";
import { lintLevel } from "./image/lint-level.ts";
import { rolesLevel } from "./image/roles-level.ts";
import { unitLevel } from "./image/unit-level.ts";
import { Misuse, settle } from "./script-outcome.ts";

/**
 * `pnpm image:test [--profile P]... [--level L]... [--work DIR] [--base REF] [--json] [--packages]`: tests of node images, by level, for all
 * profiles and all levels where none is named. `--packages` names Debian's packages that these levels need, and tests nothing; nothing is ever
 * installed here. Every level runs, whatever the others say. Ends with 0, 1 (something failed, or could not run) or 2 (usage).
 */
const OPTIONS = {
  profile: { type: "string", multiple: true },
  level: { type: "string", multiple: true },
  work: { type: "string", default: "/var/tmp/mero-tee-image" },
  base: { type: "string", default: "HEAD" },
  json: { type: "boolean", default: false },
  packages: { type: "boolean", default: false },
} as const;

const RUN: Readonly<Record<Level, (request: LevelRequest) => AsyncGenerator<Finding>>> = {
  lint: lintLevel,
  unit: unitLevel,
  roles: rolesLevel,
  image: imageLevel,
  boot: bootLevel,
};

/** Those of a list that were named, in the order of the list; all where none was. */
function chosen<T extends string>(
  all: readonly T[],
  named: readonly string[] | undefined,
  option: string,
): readonly T[] {
  const foreign = named?.find((name) => !all.some((one) => one === name));
  if (foreign !== undefined) throw new Misuse(`--${option} must be one of ${all.join(", ")}, not ${foreign}`);
  return named === undefined ? all : all.filter((one) => named.includes(one));
}

async function runLevel(level: Level, request: LevelRequest): Promise<LevelReport> {
  const findings: Finding[] = [];
  const missing = await missingFor(level);
  if (missing !== null) return { level, findings: [finding("programs", null, { problems: [missing], seconds: 0 })] };
  for await (const found of RUN[level](request)) {
    findings.push(found);
    process.stderr.write(
      `${levelTable({ level, findings: [found] })
        .split("\n")
        .slice(1)
        .join("\n")}\n`,
    );
  }
  return { level, findings };
}

async function main(): Promise<string> {
  const { values } = parseArgs({ options: OPTIONS });
  const levels = chosen(LEVELS, values.level, "level");
  const profiles = chosen(PROFILES, values.profile, "profile");
  if (values.packages) return packagesOf(levels).join(" ");
  const request = { profiles, work: resolve(values.work), base: values.base };
  const reports: LevelReport[] = [];
  for (const level of levels) reports.push(await runLevel(level, request));
  if (reports.some((report) => countLevel(report).failed > 0)) process.exitCode = 1;
  if (values.json) {
    const documents = reports.map((report) => ({ ...report, ...countLevel(report) }));
    return JSON.stringify({ schema_version: 1, levels: documents }, null, 2);
  }
  return [...reports.map(levelTable), ...reports.map(levelLine)].join("\n");
}

await settle(main);
