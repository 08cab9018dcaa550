import { parseDocument } from "yaml";
import { callsIn } from "./workflow-calls.ts";

/** What a workflow, or an action of ours, does that none of them may. */
export interface WorkflowProblem {
  readonly rule: WorkflowRule;
  readonly message: string;
}

/** Rules beyond those of `mero-tee guard` (G-01, G-05, G-08), which judge the same files. */
export const WORKFLOW_RULES = [
  "yaml",
  "top-permissions",
  "write-permission",
  "identity",
  "secrets",
  "trigger",
  "shell",
  "runner",
  "timeout",
  "concurrency",
  "pin-comment",
  "credentials",
  "cache",
  "artifact",
  "ref",
  "actor",
  "logic",
  "expression-in-run",
  "environment-file",
  "old-commands",
  "run-length",
  "length",
] as const;

/** One of {@link WORKFLOW_RULES}. */
export type WorkflowRule = (typeof WORKFLOW_RULES)[number];

const RUN_LINES = 5;
const WORKFLOW_LINES = 150;
const RUNNER = "ubuntu-24.04";
/** Events that run with the rights of the repository on what outsiders wrote. */
const DANGEROUS_TRIGGERS = ["pull_request_target", "workflow_run", "issue_comment"];
const HARMLESS_SCOPES = new Set(["read", "none"]);

type Node = Readonly<Record<string, unknown>>;

/** Everything that is wrong with a file below `.github`. */
export function workflowProblems(path: string, text: string): readonly WorkflowProblem[] {
  const problems: WorkflowProblem[] = [];
  const expect = (holds: boolean, rule: WorkflowRule, message: string): void => {
    if (!holds) problems.push({ rule, message: `${path}: ${message}` });
  };
  const document = parseDocument(text, { uniqueKeys: true });
  expect(document.errors.length === 0 && document.warnings.length === 0, "yaml", "is no YAML that can be read one way");
  const workflow = asNode(document.toJS());
  expect(text.split("\n").length <= WORKFLOW_LINES + 1, "length", `has more than ${WORKFLOW_LINES} lines`);
  if ("runs" in workflow) {
    for (const step of asNodes(asNode(workflow["runs"])["steps"])) judgeStep(step, expect);
  } else {
    judgeWorkflow(workflow, expect);
  }
  judgeText(text, expect);
  return problems;
}

type Expect = (holds: boolean, rule: WorkflowRule, message: string) => void;

function judgeWorkflow(workflow: Node, expect: Expect): void {
  expect(isEmptyObject(workflow["permissions"]), "top-permissions", "does not begin with `permissions: {}`");
  const shell = asNode(asNode(workflow["defaults"])["run"])["shell"];
  expect(shell === "bash", "shell", "does not set bash, which alone fails with the first command of a pipe");
  expect("concurrency" in workflow || isCallable(workflow), "concurrency", "says not what happens when it runs twice");
  const { on } = workflow;
  const triggers: readonly unknown[] = Array.isArray(on) ? on : [on, ...Object.keys(asNode(on))];
  for (const trigger of DANGEROUS_TRIGGERS) {
    const isUsed = triggers.includes(trigger);
    expect(!isUsed, "trigger", `runs on ${trigger}`);
  }
  const jobs = Object.entries(asNode(workflow["jobs"])).map(([name, value]) => [name, asNode(value)] as const);
  for (const [name, job] of jobs) judgeJob(name, job, expect);
  if (!triggers.includes("release")) return;
  // Such a run is that of a tag, and so is what it checks out.
  const checkouts = jobs.flatMap(([, job]) => asNodes(job["steps"])).filter((step) => isCheckout(step));
  const isOnMaster = checkouts.every((step) => asNode(step["with"])["ref"] === "master");
  expect(isOnMaster, "ref", "runs on a publication, and takes its code from the tag");
}

function isCheckout(step: Node): boolean {
  return textOf(step["uses"]).startsWith("actions/checkout@");
}

function judgeJob(name: string, job: Node, expect: Expect): void {
  // `write-all` and its like are words, not scopes.
  const { permissions } = job;
  const scopes =
    typeof permissions === "string" ? [[permissions, permissions] as const] : Object.entries(asNode(permissions));
  const writes = scopes.flatMap(([scope, access]) => (HARMLESS_SCOPES.has(String(access)) ? [] : [scope]));
  const steps = asNodes(job["steps"]);
  const commands = [textOf(job["uses"]), ...steps.map((step) => textOf(step["run"]))].join("\n");
  const isRelease = /\brelease-(?:kms|node|verifier)\.ts\b/.test(commands);
  expect(
    writes.every((scope) => mayWrite(scope, commands)),
    "write-permission",
    `job ${name} may write ${writes.join(", ")}, and does nothing that needs it`,
  );
  expect(
    !isRelease || (writes.join() === "id-token" && environmentOf(job) === "release"),
    "identity",
    `job ${name} signs a release without the environment "release", or with more rights than an identity`,
  );
  const ownSecrets = JSON.stringify(job).match(/secrets\.(?!GITHUB_TOKEN\b)\w+/g) ?? [];
  expect(
    ownSecrets.length === 0 || environmentOf(job) !== "" || job["uses"] !== undefined,
    "secrets",
    `job ${name} reads ${ownSecrets.join(", ")} outside an environment`,
  );
  expect(job["secrets"] !== "inherit", "secrets", `job ${name} hands on every secret`);
  // A member of a secret is one that no log redacts.
  const isAtLarge = /(?:to|from)JSON\(\s*secrets|secrets\s*\[/i.test(JSON.stringify(job));
  expect(!isAtLarge, "secrets", `job ${name} reads secrets at large`);
  const conditions = [job, ...steps].map((each) => textOf(each["if"])).join("\n");
  expect(
    !/github\.(?:triggering_)?actor\b/.test(conditions),
    "actor",
    `job ${name} trusts whoever caused the event last`,
  );
  if (job["uses"] !== undefined) return;
  expect(job["runs-on"] === RUNNER, "runner", `job ${name} does not run on ${RUNNER}`);
  expect(typeof job["timeout-minutes"] === "number", "timeout", `job ${name} has no time limit`);
  for (const step of steps) judgeStep(step, expect);
  const taking = steps.findIndex((step) => asNode(step["with"])["run-id"] !== undefined);
  const isAsked = steps.slice(0, Math.max(taking, 0)).some((step) => /\bown-run\.ts\b/.test(textOf(step["run"])));
  expect(taking === -1 || isAsked, "artifact", `job ${name} takes artifacts of a run that anybody may have caused`);
}

const PROPOSING = /\bpropose-change\.ts\b/;

/** What a scope is written for; a job with the scope and without the command has no use for it. */
const USES_OF_SCOPES: Readonly<Record<string, RegExp>> = {
  contents: PROPOSING,
  "pull-requests": PROPOSING,
  "id-token":
    /\brelease-(?:kms|node|verifier)\.ts\b|\bgoogle-credentials\.ts\b|^\.\/\.github\/workflows\/probe-node\.yaml$/m,
  packages: /\bkms-image(?:s|-tags)\.ts\b|^\.\/\.github\/workflows\/tag-kms-images\.yaml$/m,
};

function mayWrite(scope: string, commands: string): boolean {
  return USES_OF_SCOPES[scope]?.test(commands) === true;
}

function judgeStep(step: Node, expect: Expect): void {
  const [run, uses] = [textOf(step["run"]), textOf(step["uses"])];
  const lines = run.trimEnd().split("\n").length;
  expect(lines <= RUN_LINES, "run-length", `a step has ${lines} lines: ${run.split("\n")[0] ?? ""}`);
  expect(
    !run.includes("${{"),
    "expression-in-run",
    `a shell line is put together by GitHub: ${run.split("\n")[0] ?? ""}`,
  );
  const logic = run === "" ? -1 : callsIn(run).indexOf(null);
  expect(logic === -1, "logic", `a step does more than call: ${run.split("\n")[logic] ?? ""}`);
  const shell = step["shell"] ?? "bash";
  expect(shell === "bash", "shell", "a step has a shell of its own, which may be any program");
  // The program of such an action is JavaScript.
  expect(asNode(step["with"])["script"] === undefined, "logic", `${uses} is given a program`);
  // What a pull request leaves in a cache, a release would take out of it.
  const isCached =
    /^actions\/cache\b/.test(uses) || Object.keys(asNode(step["with"])).some((key) => /cache/i.test(key));
  expect(!isCached, "cache", `${uses} keeps what other runs left`);
  expect(!/GITHUB_(?:ENV|PATH)\b/.test(run), "environment-file", `a step changes the steps after it: ${run}`);
  if (isCheckout(step)) {
    expect(asNode(step["with"])["persist-credentials"] === false, "credentials", "a checkout leaves its token behind");
  }
}

/** What only the text shows: the version behind a pin, as a comment; what stands anywhere. */
function judgeText(text: string, expect: Expect): void {
  const hasOldCommands = text.includes("ACTIONS_ALLOW_UNSECURE_COMMANDS");
  expect(!hasOldCommands, "old-commands", "lets what a program prints change the steps after it");
  for (const [line] of text.matchAll(/^.*\buses: *[^.\s].*$/gm)) {
    expect(
      /@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(line),
      "pin-comment",
      `says not which version it pins: ${line.trim()}`,
    );
  }
}

/** A workflow that others call runs within their concurrency. */
function isCallable(workflow: Node): boolean {
  return "workflow_call" in asNode(workflow["on"]);
}

function environmentOf(job: Node): string {
  const { environment } = job;
  return textOf(environment) || textOf(asNode(environment)["name"]);
}

function isEmptyObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function asNode(value: unknown): Node {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

function asNodes(value: unknown): readonly Node[] {
  return Array.isArray(value) ? value.map(asNode) : [];
}

/** A command that a step runs, as words: `$…` stands for itself. */
export interface StepCommand {
  readonly program: string;
  readonly args: readonly string[];
}

/** Every `node FILE …` that the steps of a file run. */
export function nodeCommands(text: string): readonly StepCommand[] {
  const file = asNode(parseDocument(text).toJS());
  const jobs = Object.values(asNode(file["jobs"])).map(asNode);
  const steps = [...jobs, asNode(file["runs"])].flatMap((job) => asNodes(job["steps"]));
  return steps.flatMap((step) =>
    callsIn(textOf(step["run"])).flatMap((words) => {
      const at = words?.indexOf("node") ?? -1;
      const program = words?.[at + 1];
      return at === -1 || program === undefined ? [] : [{ program, args: words?.slice(at + 2) ?? [] }];
    }),
  );
}
