import { parseArgs } from "node:util";
import { createSimulatedPlatform } from "../../src/index.ts";
import { compare, unexplained } from "./compare.ts";
import { defectCases } from "./defect-cases.ts";
import type { EvidenceCase } from "./evidence-case.ts";
import { generatedCase } from "./generated-cases.ts";
import { JS_PEER } from "./js-peer.ts";
import { HAS_REAL_VECTORS, realCases } from "./real-cases.ts";
import { writeJson, writeMarkdown, writeText } from "./report.ts";
import { unneededRules } from "./rule-book.ts";
import { createWasmPeer } from "./wasm-peer.ts";
import { serialInAnotherList } from "./witnesses.ts";

/** Instant of the simulated platforms, Unix seconds. */
const NOW = 1_772_000_000;
const DEFAULT_CASES = "5000";

interface Flags {
  readonly cases: number;
  readonly markdown: boolean;
  readonly json: boolean;
}

/** Reads the flags; a wrong one is a sentence that names it. */
function readFlags(): Flags | string {
  try {
    const { values } = parseArgs({
      options: {
        cases: { type: "string", default: DEFAULT_CASES },
        markdown: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
      },
    });
    const { markdown, json } = values;
    const cases = Number(values.cases);
    if (!Number.isSafeInteger(cases) || cases < 0) return "--cases must be a whole number";
    return markdown && json ? "--markdown and --json exclude each other" : { cases, markdown, json };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const flags = readFlags();
if (typeof flags === "string") {
  process.stderr.write(`${flags}\nusage: pnpm --silent differential [--cases N] [--markdown | --json]\n`);
  process.exit(2);
}
const { cases: count, markdown, json } = flags;
if (!HAS_REAL_VECTORS) process.stderr.write("skipped: real quotes (no vectors folder beside the repository)\n");

const platforms = await Promise.all(
  (["platform", "processor"] as const).map((ca) => createSimulatedPlatform({ seed: "differential", now: NOW, ca })),
);

function* makers(): Generator<() => EvidenceCase> {
  yield* realCases().map((evidence) => () => evidence);
  const [first] = platforms;
  if (first !== undefined) {
    yield* defectCases(first).map(({ make }) => make);
    yield () => serialInAnotherList(first);
  }
  for (let index = 0; index < count; index += 1) {
    const platform = platforms[index % platforms.length];
    if (platform !== undefined) yield () => generatedCase(platform, index);
  }
}

const comparison = await compare(makers(), [JS_PEER, await createWasmPeer()]);
const command = `npx --yes pnpm@10 --silent differential --cases ${count} --markdown`;
if (json) process.stdout.write(writeJson(comparison));
else process.stdout.write(markdown ? writeMarkdown(comparison, command) : writeText(comparison));
const failures = [
  ...unexplained(comparison),
  ...unneededRules(comparison).map((rule) => `explains nothing: the rule ${rule}`),
];
for (const line of failures) process.stderr.write(`${line}\n`);
process.exitCode = failures.length === 0 ? 0 : 1;
