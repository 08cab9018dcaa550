import { parseArgs } from "node:util";
import { expectOk } from "./release/lane-stop.ts";
import { createMeroTee, listAt, realWorld, textAt } from "./release/mero-tee.ts";
import { scriptMain } from "./release/script-main.ts";

/**
 * `node scripts/audit-release.ts [--max N] [--state FILE] [--json]`: downloads the newest releases of each lane as an operator
 * would, verifies them, and compares them with what earlier audits saw. Nothing is changed but the state file.
 */
await scriptMain("audit-release", async (log) => {
  const options = {
    max: { type: "string", default: "5" },
    state: { type: "string" },
    json: { type: "boolean", default: false },
  } as const;
  const { values } = parseArgs({ options });
  const state = values.state === undefined ? [] : ["--state", values.state];
  const outcome = await createMeroTee(realWorld(process.env))(["release", "audit", "--max", values.max, ...state]);
  if (values.json) process.stdout.write(outcome.stdout);
  const releases = listAt(outcome.document, "releases");
  for (const release of releases) {
    const reasons = [...listAt(release, "failed"), ...listAt(release, "changes")].join("; ");
    log.line(reasons === "" ? "INFO" : "ERROR", `${textAt(release, "tag")}: ${reasons === "" ? "holds" : reasons}`);
  }
  expectOk(outcome);
  return { releases: String(releases.length) };
});
