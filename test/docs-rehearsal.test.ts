import { expect, test } from "vitest";
import { RELEASE_LANES, type ReleaseLane, RULE_IDS } from "../packages/release-artifacts/src/index.ts";
import { VERSION } from "../packages/release-artifacts/test/release-world.ts";
import { RULE_CASES } from "../packages/release-artifacts/test/rule-cases.ts";
import { OTHER_SCOPE_CASES } from "../packages/release-artifacts/test/rule-cases-elsewhere.ts";
import { FAILURES } from "../scripts/rehearsal/failures.ts";
import { createGithubHost } from "../scripts/release/github-client.ts";
import { LANE_CODES } from "../scripts/release/lane-stop.ts";
import { type LaneRun, releaseSteps } from "../scripts/release/release-lane.ts";
import { chapterOf, codeOf, readPage, rowsOf } from "./markdown.ts";

const page = readPage("docs/releases.md");

/** The steps of a lane; none of them is run. */
function stepsOf(lane: ReleaseLane): readonly string[] {
  const run: LaneRun = {
    lane,
    version: VERSION,
    releaseClass: "stable",
    repository: "calimero-network/mero-tee",
    ref: "refs/heads/master",
    commit: "0".repeat(40),
    runId: "1",
    runAttempt: "1",
    inputs: "in",
    work: "work",
  };
  const host = createGithubHost({ fetch: () => Promise.reject(new Error("no network")), repository: "o/n", token: "" });
  return releaseSteps(run, { meroTee: () => Promise.reject(new Error("no command")), host }).map(({ id }) => id);
}

test("docs/releases.md has every step of the lanes, in order", () => {
  const rows = rowsOf(chapterOf(page, "The steps of a lane"));
  for (const lane of RELEASE_LANES) {
    const documented = rows.flatMap(([step = "", lanes = ""]) => {
      const isOfLane = lanes === "all" || lanes.split(", ").includes(lane);
      return isOfLane ? codeOf(step) : [];
    });
    expect(documented).toEqual(stepsOf(lane));
  }
});

test("docs/releases.md has every code of the lanes, with its exit code", () => {
  const rows = rowsOf(chapterOf(page, "The steps of a lane"));
  const documented = rows.flatMap(([code = "", exitCode = ""]) => (/^\d+$/.test(exitCode) ? [[code, exitCode]] : []));
  expect(documented).toEqual(Object.entries(LANE_CODES).map(([code, exitCode]) => [`\`${code}\``, String(exitCode)]));
});

test("docs/releases.md has every failure that is rehearsed, and what stops it", () => {
  const rows = rowsOf(chapterOf(page, "Rehearse a release"));
  const documented = rows.map(([name = "", what, step = "", by = ""]) => [
    codeOf(name)[0],
    what,
    codeOf(step)[0],
    codeOf(by),
  ]);
  expect(documented).toEqual(
    FAILURES.map(({ name, what, stoppedAt, stoppedBy }) => [name, what, stoppedAt, [...stoppedBy]]),
  );
});

test("docs/releases.md says for every rule which tests show that it refuses, and what else a rehearsal shows", () => {
  const rows = rowsOf(chapterOf(page, "What each rule is shown to refuse"));
  const expected = RULE_IDS.map((id) => {
    const elsewhere = OTHER_SCOPE_CASES.filter((each) => each.id === id).flatMap(({ bad }) => bad);
    const names = [...RULE_CASES.filter((each) => each.id === id), ...elsewhere].map(({ name }) => name);
    const rehearsed = FAILURES.filter(({ stoppedBy }) => stoppedBy.includes(id)).map(({ name }) => `\`${name}\``);
    return [id, names.join("; "), rehearsed.join(", ")];
  });
  expect(rows).toEqual(expected);
});
