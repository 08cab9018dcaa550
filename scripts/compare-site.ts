import { parseArgs } from "node:util";
import { compareSite } from "./release/compare-site.ts";
import { createMeroTee, realWorld } from "./release/mero-tee.ts";
import { scriptMain } from "./release/script-main.ts";
import { Misuse, needed } from "./script-outcome.ts";

/**
 * `node scripts/compare-site.ts --url URL --work DIR [--version X.Y.Z]`: downloads a release of the public verifier (the newest unless
 * given), verifies it, and compares every file of its site with what the address serves. DIR must not exist. Ends with 0, 1 (the site did
 * not answer), 2 (usage), 10 (it serves something else) or 11 (there is no such release).
 */
await scriptMain("compare-site", async (log) => {
  const options = { url: { type: "string" }, work: { type: "string" }, version: { type: "string" } } as const;
  const { values } = parseArgs({ options });
  const url = needed(values.url, "url");
  if (URL.parse(url)?.protocol !== "https:") throw new Misuse("--url is no https address");
  const world = realWorld(process.env);
  const { version } = values;
  const compared = await compareSite({
    meroTee: createMeroTee(world),
    fetch: world.fetch,
    url,
    work: needed(values.work, "work"),
    ...(version === undefined ? {} : { version }),
  });
  log.line("INFO", `${url} serves ${compared.tag}, ${compared.files} files`);
  return { release: compared.tag, files: String(compared.files) };
});
