/** An entry of `ansible/downloads.lock.json`, as far as changes are judged. */
export interface LockedDownload {
  readonly name: string;
  readonly version: string;
  readonly sha256: string;
}

function isLockedDownload(value: unknown): value is LockedDownload {
  if (typeof value !== "object" || value === null) return false;
  return ["name", "version", "sha256"].every((member) => typeof Reflect.get(value, member) === "string");
}

/** Reads a lock file; throws where it is none. */
export function parseLock(text: string): readonly LockedDownload[] {
  const entries: unknown = JSON.parse(text);
  if (!Array.isArray(entries) || !entries.every(isLockedDownload)) throw new Error("the lock file is malformed");
  return entries;
}

/** Downloads whose bytes changed under one version: a release that was exchanged, or a digest that was typed over. */
export function exchangedDownloads(
  before: readonly LockedDownload[],
  after: readonly LockedDownload[],
): readonly string[] {
  return after
    .filter(({ name, version, sha256 }) =>
      before.some((old) => old.name === name && old.version === version && old.sha256 !== sha256),
    )
    .map(({ name, version }) => `${name} ${version} has another SHA-256 than before`);
}
