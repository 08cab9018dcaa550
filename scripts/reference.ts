import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { referencePages } from "./reference/pages.ts";

/*
 * Writes what docs takes from code: the tables of settings and the HTTP reference. `--check` writes nothing and exits with 1 if
 * a page is stale.
 */
const { values } = parseArgs({ options: { check: { type: "boolean", default: false } } });
const stale = (await referencePages()).filter(({ current, made }) => current !== made);
for (const { file, name, made } of stale) {
  if (!values.check) writeFileSync(file, made);
  console.info(`${values.check ? "stale" : "written"}: docs/${name}`);
}
if (stale.length === 0) console.info("the references are up to date");
if (values.check && stale.length > 0) process.exitCode = 1;
