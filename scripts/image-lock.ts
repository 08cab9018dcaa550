import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { createHttpPort } from "../packages/cli/src/http-client.ts";
import { archiveAt, archiveInFolder } from "./image/archive-client.ts";
import { type Component, COMPONENTS } from "./image/download-catalogue.ts";
import { parseLock } from "./image/lock-changes.ts";
import { type ComponentVersions, lockDisagreements, mergeLock, pinDownload } from "./image/lock-downloads.ts";
import { Misuse, Refusal, settle } from "./script-outcome.ts";

/**
 * `node scripts/image-lock.ts [--merod V] [--traefik V] [--node-exporter V] [--vmagent V] [--vector V] [--archives DIR] [--root DIR] [--check]`: pins
 * the downloads of node images in `ansible/downloads.lock.json`, and puts their versions into `versions.json`. Archives are fetched from
 * GitHub, or taken from a folder where they have the names that they have there. What is not named stays. With `--check` nothing is changed: it says
 * whether both files agree. Ends with 0, 1 (environment), 2 (usage) or 10 (refused).
 */
const MEMBERS = {
  merod: "merodVersion",
  traefik: "traefikVersion",
  "node-exporter": "nodeExporterVersion",
  vmagent: "vmagentVersion",
  vector: "vectorVersion",
} as const satisfies Record<string, Component["member"]>;

function isVersions(value: unknown): value is ComponentVersions {
  if (typeof value !== "object" || value === null) return false;
  return Object.values(MEMBERS).every((member) => typeof Reflect.get(value, member) === "string");
}

await settle(async () => {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    options: {
      merod: text,
      traefik: text,
      "node-exporter": text,
      vmagent: text,
      vector: text,
      archives: text,
      root: text,
      check: { type: "boolean" },
    },
  });
  const root = values.root ?? fileURLToPath(new URL("..", import.meta.url));
  const [lockFile, versionsFile] = [join(root, "ansible/downloads.lock.json"), join(root, "versions.json")];
  const before = parseLock(await readFile(lockFile, "utf8"));
  const versions: unknown = JSON.parse(await readFile(versionsFile, "utf8"));
  if (!isVersions(versions)) throw new Refusal("versions.json is malformed");
  if (values.check === true) {
    const problems = lockDisagreements(before, versions);
    if (problems.length > 0) throw new Refusal(problems.join("\n"));
    return `${before.length} downloads, as versions.json says`;
  }
  const named = (["merod", "traefik", "node-exporter", "vmagent", "vector"] as const).flatMap((option) => {
    const version = values[option];
    return version === undefined ? [] : [[MEMBERS[option], version] as const];
  });
  if (named.length === 0) throw new Misuse("no version was given");
  const chosen = new Map<string, string>(named);
  const fetch = createHttpPort();
  const pinned = [];
  for (const component of COMPONENTS) {
    const version = chosen.get(component.member);
    if (version === undefined) continue;
    const url = component.url(version);
    const bytes = values.archives === undefined ? archiveAt(fetch, url) : archiveInFolder(values.archives, url);
    pinned.push(await pinDownload(component, version, bytes));
  }
  const lock = mergeLock(before, pinned);
  const after = { ...versions, ...Object.fromEntries(named) };
  const problems = lockDisagreements(parseLock(lock), after);
  if (problems.length > 0) throw new Refusal(problems.join("\n"));
  // Both or none: everything was judged before either is written.
  await writeFile(lockFile, lock);
  await writeFile(versionsFile, `${JSON.stringify(after, null, 2)}\n`);
  return pinned.map(({ name, version, sha256, size }) => `${name} ${version}: ${size} bytes, ${sha256}`).join("\n");
});
