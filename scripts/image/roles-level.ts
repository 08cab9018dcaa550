import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Profile } from "../../packages/policy/src/index.ts";
import { applyRoles, type RolesRequest } from "./apply-roles.ts";
import { baseDebian, copyTree } from "./base-tree.ts";
import { type Finding, finding, type LevelRequest, timed } from "./level.ts";
import { writeStandIns } from "./stand-ins.ts";
import { treeMutants } from "./tree-mutants.ts";

/** What the role `conformance` writes. */
interface ConformanceReport {
  readonly checks: readonly {
    readonly id: string;
    readonly requirement: string;
    readonly status: "passed" | "failed" | "not-applicable";
    readonly detail: string;
  }[];
}

async function readReport(path: string): Promise<ConformanceReport> {
  return JSON.parse(await readFile(path, "utf8"));
}

/** The tasks that did not succeed, out of what `ansible-playbook` prints. */
function failedTasks(output: string): string {
  const lines = output.split("\n");
  const failures = lines.filter((line) => /^(?:fatal|failed|ERROR)/.test(line));
  return (failures.length > 0 ? failures : lines.slice(-5)).join("\n");
}

async function applied(tree: string, request: RolesRequest, isFirst: boolean) {
  const { output, recap } = await applyRoles(tree, request);
  if (recap === null || recap.failed > 0) return { problems: [failedTasks(output)] };
  const seen = [`${recap.ok} tasks, ${recap.changed} changed`];
  if (isFirst || recap.changed === 0) return { problems: [], seen };
  const changed = output.split("\n").filter((line) => /^(?:changed|TASK)/.test(line));
  const tasks = changed.filter((line, index) => line.startsWith("TASK") && changed[index + 1]?.startsWith("changed"));
  return { problems: [`the second run changed something: ${tasks.join(" ")}`], seen };
}

/** Each check of the report as a finding of its own. */
async function conformance(profile: Profile, path: string): Promise<readonly Finding[]> {
  return (await readReport(path)).checks.map(({ id, requirement, status, detail }) => {
    const name = `${requirement} ${id}`;
    const judged = finding(name, profile, { problems: status === "failed" ? [detail] : [], seconds: 0 });
    return status === "not-applicable" ? { ...judged, passed: 0 } : judged;
  });
}

/** systemd breaks a cycle by leaving a unit out, which could be the one that extends RTMR3. */
async function cycle(tree: string, request: RolesRequest) {
  const folder = join(tree, "etc/systemd/system/calimero-rtmr.service.d");
  await mkdir(folder);
  await writeFile(join(folder, "cycle.conf"), "[Unit]\nAfter=multi-user.target\n");
  const { output, recap } = await applyRoles(tree, request, "conformance.yml");
  await rm(folder, { recursive: true });
  const isCaught = recap?.failed === 1 && output.includes("ordering cycle");
  return { problems: isCaught ? [] : ["nothing caught it"] };
}

/** All changes at once, then one judgement: each check must say what its change is. */
async function mutants(tree: string, profile: Profile, request: RolesRequest): Promise<readonly Finding[]> {
  const started = performance.now();
  const made = treeMutants(profile);
  for (const { make } of made) await make(tree);
  const { recap } = await applyRoles(tree, request, "conformance.yml");
  const { checks } = await readReport(request.report);
  const seconds = (performance.now() - started) / 1000;
  const isRefused = finding("a tree with mutants is refused", profile, {
    problems: recap?.failed === 1 ? [] : ["it passes"],
    seconds,
  });
  const caught = made.map(({ name, check, says }) => {
    const judged = checks.find(({ id }) => id === check);
    const isCaught = judged?.status === "failed" && judged.detail.includes(says);
    const problems = isCaught ? [] : [`${check} does not say: ${says}`];
    return finding(`mutant: ${name} (${check})`, profile, { problems, seconds: 0 });
  });
  const untouched = checks.filter(({ id, status }) => status === "passed" && !made.some(({ check }) => check === id));
  const unproven = untouched.map(({ id }) => `no mutant shows that ${id} can fail`);
  return [isRefused, ...caught, finding("every check has a mutant", profile, { problems: unproven, seconds: 0 })];
}

/** Applies the roles for real, with stand-ins for programs: to a copy of one base for each profile. */
export async function* rolesLevel({ profiles, work }: LevelRequest): AsyncGenerator<Finding> {
  const made = await timed("Debian is unpacked", null, async () => {
    await baseDebian(work);
    return { problems: [] };
  });
  yield made;
  if (made.problems.length > 0) return;
  const { tree: base } = await baseDebian(work);
  const lock = await writeStandIns(work);
  for (const profile of profiles) {
    const tree = join(work, `roles-${profile}`);
    const report = join(work, `conformance-${profile}.json`);
    const request = { profile, version: "0.0.0", lock, downloads: work, standIns: true, report };
    try {
      await copyTree(base, tree);
      const first = await timed("roles are applied", profile, async () => await applied(tree, request, true));
      yield first;
      if (first.problems.length > 0) continue;
      yield await timed("a second run changes nothing", profile, async () => await applied(tree, request, false));
      yield* await conformance(profile, report);
      yield await timed("mutant: units in a cycle", profile, async () => await cycle(tree, request));
      yield* await mutants(tree, profile, { ...request, report: join(work, `mutants-${profile}.json`) });
    } finally {
      await rm(tree, { recursive: true, force: true });
    }
  }
}
