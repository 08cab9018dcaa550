import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { applyRoles } from "./image/apply-roles.ts";
import { writeStandIns } from "./image/stand-ins.ts";
import { Misuse, needed, settle } from "./script-outcome.ts";

/**
 * `node scripts/image-roles.ts --tree DIR --profile P --work DIR`: applies the roles of a node image, with stand-ins for programs, to an
 * unpacked Debian, twice, and says what each run changed. Needs root and Ansible. Ends with 0, 1 (a role failed, or the second run
 * changed something) or 2 (usage).
 */
const OPTIONS = {
  tree: { type: "string" },
  profile: { type: "string" },
  work: { type: "string" },
} as const;

async function main(): Promise<string> {
  const { values } = parseArgs({ options: OPTIONS });
  const tree = resolve(needed(values.tree, "tree"));
  if (tree === "/") throw new Misuse("--tree is the system that runs");
  const profile = needed(values.profile, "profile");
  const work = resolve(needed(values.work, "work"));
  const lock = await writeStandIns(work);
  const report = `${work}/conformance-${profile}.json`;
  const request = { profile, version: "0.0.0", lock, downloads: work, standIns: true, report };
  const lines = [];
  for (const round of ["first", "second"] as const) {
    const started = performance.now();
    const { output, recap } = await applyRoles(tree, request);
    if (recap === null || recap.failed > 0) throw new Error(`the ${round} run failed:\n${output}`);
    if (round === "second" && recap.changed > 0) throw new Error(`the second run changed something:\n${output}`);
    const seconds = ((performance.now() - started) / 1000).toFixed(0);
    lines.push(`${profile}: ${round} run: ${recap.ok} tasks, ${recap.changed} changed (${seconds} s)`);
  }
  return [...lines, `report of conformance: ${report}`].join("\n");
}

await settle(main);
