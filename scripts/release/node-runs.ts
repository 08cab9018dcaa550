import { askGithub, type RepositoryLookup } from "./ask-github.ts";
import { listAt, textAt } from "./mero-tee.ts";

/** A run of the node lane. */
export interface NodeRun {
  readonly commit: string;
  /** It waits, or works. */
  readonly isActive: boolean;
  readonly hasSucceeded: boolean;
}

const WORKFLOW = "release-node-image-gcp.yaml";

/**
 * The newest runs of the node lane on `master`.
 *
 * Throws when GitHub gives no answer that says so.
 * Source: GitHub REST API, list workflow runs for a workflow.
 */
export async function newestNodeRuns(lookup: RepositoryLookup): Promise<readonly NodeRun[]> {
  const answer = await askGithub(lookup, `actions/workflows/${WORKFLOW}/runs?branch=master&per_page=20`);
  if (answer.status !== 200) throw new Error(`GitHub answered the question for runs with status ${answer.status}`);
  const listed: unknown = await answer.json();
  return listAt(listed, "workflow_runs").map((run) => ({
    commit: textAt(run, "head_sha"),
    isActive: textAt(run, "status") !== "completed",
    hasSucceeded: textAt(run, "conclusion") === "success",
  }));
}
