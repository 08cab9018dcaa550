import { parseArgs } from "node:util";
import { Misuse, needed, Refusal, settle, variable } from "../script-outcome.ts";
import { askGithub } from "./ask-github.ts";
import { at, textAt } from "./mero-tee.ts";

/**
 * `node scripts/release/own-run.ts --run ID --workflow FILE [--workflow FILE]... [--title TEXT]`: whether a run is one of these workflows on
 * `master` of this very repository. Whoever opens a pull request decides what its runs do and which artifacts they leave. With `--title` the
 * run must have that name, and have succeeded. Ends with 0, 1 (GitHub does not say), 2 (usage) or 10 (it is another run). Nothing is changed.
 *
 * Source: GitHub REST API, get a workflow run.
 */
const OPTIONS = {
  run: { type: "string" },
  workflow: { type: "string", multiple: true },
  title: { type: "string" },
} as const;

/** Events that only those who may write can cause. */
const EVENTS = ["push", "workflow_dispatch"];

async function ownRun(): Promise<string> {
  const { values } = parseArgs({ options: OPTIONS });
  const [id, workflows, { title }] = [needed(values.run, "run"), values.workflow ?? [], values];
  if (!/^[1-9]\d{0,19}$/.test(id)) throw new Misuse("--run is no id of a run");
  if (workflows.length === 0) throw new Misuse("--workflow is missing");
  const repository = variable("GITHUB_REPOSITORY");
  const lookup = { api: variable("GITHUB_API_URL"), repository, token: variable("GITHUB_TOKEN") };
  const answer = await askGithub(lookup, `actions/runs/${id}`);
  if (answer.status !== 200) throw new Error(`GitHub answered the question for run ${id} with status ${answer.status}`);
  const run: unknown = await answer.json();
  if (String(at(run, "id")) !== id) throw new Error(`GitHub answered the question for run ${id} with another`);

  const [path = ""] = textAt(run, "path").split("@");
  const facts = [
    { what: "repository", is: textAt(run, "head_repository", "full_name"), may: [repository] },
    { what: "branch", is: textAt(run, "head_branch"), may: ["master"] },
    { what: "event", is: textAt(run, "event"), may: EVENTS },
    { what: "workflow", is: path, may: workflows.map((file) => `.github/workflows/${file}`) },
    ...(title === undefined
      ? []
      : [
          { what: "name", is: textAt(run, "display_title"), may: [title] },
          { what: "conclusion", is: textAt(run, "conclusion"), may: ["success"] },
        ]),
  ];
  const foreign = facts
    .filter(({ is, may }) => !may.includes(is))
    .map(({ what, is }) => `${what} ${JSON.stringify(is)}`);
  if (foreign.length > 0) throw new Refusal(`run ${id} is not ours to take from: ${foreign.join(", ")}`);
  return `run ${id} is of ${path} on master`;
}

await settle(ownRun);
