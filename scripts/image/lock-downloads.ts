import { createHash } from "node:crypto";
import { basename } from "node:path";
import { readArchive } from "../../packages/release-artifacts/src/index.ts";
import { brokenRules } from "../release/expect-rules.ts";
import { Refusal } from "../script-outcome.ts";
import { type Component, COMPONENTS, isVersion } from "./download-catalogue.ts";
import { exchangedDownloads, type LockedDownload } from "./lock-changes.ts";

/** A complete entry of `ansible/downloads.lock.json`. */
interface LockEntry extends LockedDownload {
  readonly url: string;
  readonly size: number;
  readonly extract: readonly {
    readonly path: string;
    readonly to: string;
    readonly mode: "0755";
    readonly sha256: string;
  }[];
}

/** Versions by member of `versions.json`. */
export type ComponentVersions = Readonly<Record<Component["member"], string>>;

/** What `versions.json` says of a component that nobody has chosen yet. */
const UNCHOSEN = "0.0.0";

/** Largest archive that is read. */
const ARCHIVE_LIMIT_BYTES = 512 * 1024 * 1024;

/**
 * Reads an archive and pins it: its size and digest, and those of its program.
 *
 * Throws a `Refusal` for a version that is none, an archive that is too long, is no archive or leads out of its directory (`readArchive`),
 * and one without the program.
 */
export async function pinDownload(
  component: Component,
  version: string,
  chunks: AsyncIterable<Uint8Array>,
): Promise<LockEntry> {
  const { name, to } = component;
  if (!isVersion(version)) throw new Refusal(`${name}: ${JSON.stringify(version)} is no version such as 3.5.0`);
  const digest = createHash("sha256");
  let size = 0;
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      size += chunk.length;
      if (size > ARCHIVE_LIMIT_BYTES)
        throw new Refusal(`${name}: the archive has more than ${ARCHIVE_LIMIT_BYTES} bytes`);
      digest.update(chunk);
      yield chunk;
    }
  }
  const source = counted();
  const members = await readArchive(source);
  if (!members.ok) throw new Refusal(`${name}: ${members.error.reason}`);
  const path = component.path(version);
  const program = members.value.find((member) => member.name === path.replace(/^\.\//, ""));
  if (program === undefined) throw new Refusal(`${name}: the archive has no ${path}`);
  const extract = [{ path, to, mode: "0755", sha256: program.sha256 }] as const;
  return { name, version, url: component.url(version), sha256: digest.digest("hex"), size, extract };
}

/**
 * Puts new entries into a lock file: in the order of the catalogue, whatever the order in which they came.
 *
 * Throws a `Refusal` where bytes changed under one version.
 */
export function mergeLock(before: readonly LockedDownload[], pinned: readonly LockEntry[]): string {
  const exchanged = exchangedDownloads(before, pinned);
  if (exchanged.length > 0) throw new Refusal(exchanged.join("; "));
  const entries = COMPONENTS.flatMap(({ name }) => {
    const entry = pinned.find((each) => each.name === name) ?? before.find((each) => each.name === name);
    return entry === undefined ? [] : [entry];
  });
  return `${JSON.stringify(entries, null, 2)}\n`;
}

/** Where lock file and `versions.json` say different things; a component that nobody has chosen yet is in neither. */
export function lockDisagreements(lock: readonly LockedDownload[], versions: ComponentVersions): readonly string[] {
  const known = COMPONENTS.flatMap(({ name, member }) => {
    const [entry, ...others] = lock.filter((each) => each.name === name);
    const expected = versions[member];
    if (others.length > 0) return [`${name} is in the lock file twice`];
    if (entry === undefined)
      return expected === UNCHOSEN ? [] : [`${name} ${expected} of versions.json is not in the lock file`];
    return entry.version === expected
      ? []
      : [`${name} is ${entry.version} in the lock file, ${expected} in versions.json`];
  });
  const strangers = lock.filter(({ name }) => !COMPONENTS.some((component) => component.name === name));
  return [
    ...known,
    ...strangers.map(({ name }) => `${name} in the lock file is no download of node images`),
    ...coreProblems(lock, versions.merodVersion),
  ];
}

/** G-07: what is pinned of the core release is all that the image needs of it. */
function coreProblems(lock: readonly LockedDownload[], version: string): readonly string[] {
  if (version === UNCHOSEN) return [];
  const pinned = COMPONENTS.filter(
    ({ name, member }) =>
      member === "merodVersion" && lock.some((entry) => entry.name === name && entry.version === version),
  );
  const merodAssets = pinned.map(({ url }) => basename(url(version)));
  return brokenRules({ merodAssets }, ["G-07"]).map(({ id, message }) => `${id}: ${message}`);
}
