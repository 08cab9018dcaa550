import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { execa } from "execa";
import { Misuse, settle, variable } from "./script-outcome.ts";

/**
 * `node scripts/propose-change.ts --branch NAME --title TEXT --path PATH... [--label NAME]... [--body FILE] [--base BRANCH] [--dry-run]`:
 * commits what changed below the paths, and opens a pull request for it, or renews the one that the branch has. Without a change it does
 * nothing. Runs in a workflow, with `GITHUB_TOKEN` and the variables of GitHub Actions. Ends with 0, 1 (git or GitHub refused) or 2 (usage).
 */
const OPTIONS = {
  branch: { type: "string" },
  title: { type: "string" },
  path: { type: "string", multiple: true },
  label: { type: "string", multiple: true },
  body: { type: "string" },
  base: { type: "string", default: "master" },
  "dry-run": { type: "boolean", default: false },
} as const;

/** A branch that a workflow makes up: below a folder, and nothing that git or a shell reads in another way. */
const BRANCH = /^[a-z]+\/[0-9A-Za-z][0-9A-Za-z.-]*$/;
const AUTHOR = ["-c", "user.name=github-actions[bot]", "-c", "user.email=github-actions[bot]@users.noreply.github.com"];

interface Proposal {
  readonly branch: string;
  readonly base: string;
  readonly title: string;
  readonly body: string;
  readonly labels: readonly string[];
  readonly paths: readonly string[];
  readonly isDryRun: boolean;
}

async function readArguments(args: readonly string[]): Promise<Proposal> {
  const { values } = parseArgs({ args: [...args], options: OPTIONS });
  const { branch = "", title = "", path: paths = [], label: labels = [], base } = values;
  if (!BRANCH.test(branch) || branch.includes("..")) throw new Misuse("--branch must be like update/catalog-2.4.0");
  if (title === "" || title.includes("\n")) throw new Misuse("--title must be one line");
  if (paths.length === 0) throw new Misuse("--path is missing");
  const body = values.body === undefined ? "" : await readFile(values.body, "utf8");
  return { branch, base, title, body, labels, paths, isDryRun: values["dry-run"] };
}

async function propose(proposal: Proposal): Promise<string> {
  const { branch, base, title, body, labels, paths } = proposal;
  if (proposal.isDryRun) {
    const changed = await execa("git", ["status", "--porcelain", "--", ...paths]);
    return changed.stdout === "" ? "nothing has changed" : `${branch} would propose: ${title}`;
  }
  await execa("git", ["add", "--", ...paths]);
  const staged = await execa("git", ["diff", "--cached", "--quiet"], { reject: false });
  if (staged.exitCode === 0) return "nothing has changed";

  const [server, repository, token] = ["GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_TOKEN"].map(variable);
  await execa("git", ["checkout", "--quiet", "-B", branch]);
  await execa("git", [...AUTHOR, "commit", "--quiet", "--message", title]);
  // By environment: what is on a command line, or in the configuration of the clone, others can read.
  const basic = Buffer.from(`x-access-token:${token ?? ""}`).toString("base64");
  const credentials = {
    GIT_TERMINAL_PROMPT: "0",
    GIT_CONFIG_COUNT: "1",
    GIT_CONFIG_KEY_0: "http.extraHeader",
    GIT_CONFIG_VALUE_0: `Authorization: Basic ${basic}`,
  };
  await execa(
    "git",
    ["push", "--quiet", "--force", `${server ?? ""}/${repository ?? ""}.git`, `HEAD:refs/heads/${branch}`],
    {
      env: credentials,
    },
  );

  const owner = (repository ?? "").split("/")[0] ?? "";
  const open = await github("GET", `pulls?state=open&base=${base}&head=${owner}:${branch}`, token);
  const known = Array.isArray(open) ? numberOf(open[0]) : null;
  const number = known ?? numberOf(await github("POST", "pulls", token, { title, body, head: branch, base }));
  if (number === null) throw new Error("GitHub did not say which pull request it made");
  if (known !== null) await github("PATCH", `pulls/${number}`, token, { title, body });
  if (labels.length > 0) await github("POST", `issues/${number}/labels`, token, { labels });
  return `pull request ${number} proposes: ${title}`;
}

async function github(method: string, path: string, token = "", body?: object): Promise<unknown> {
  const answer = await fetch(`${variable("GITHUB_API_URL")}/repos/${variable("GITHUB_REPOSITORY")}/${path}`, {
    method,
    redirect: "error",
    headers: { accept: "application/vnd.github+json", authorization: `Bearer ${token}`, "user-agent": "mero-tee" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(`GitHub refused ${method} ${path} with status ${answer.status}`);
  return await answer.json();
}

function numberOf(pull: unknown): number | null {
  const number = typeof pull === "object" && pull !== null && "number" in pull ? pull.number : null;
  return typeof number === "number" ? number : null;
}

await settle(async () => await propose(await readArguments(process.argv.slice(2))));
