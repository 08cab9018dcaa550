import { Refusal } from "../script-outcome.ts";

/** Reads which packages dpkg has installed, as sorted lines `NAME VERSION`. */
export function installedPackages(status: string): readonly string[] {
  const lines: string[] = [];
  for (const entry of status.split("\n\n")) {
    const field = (name: string): string => new RegExp(`^${name}: (.*)$`, "m").exec(entry)?.[1] ?? "";
    if (field("Status").endsWith(" installed")) lines.push(`${field("Package")} ${field("Version")}`);
  }
  return lines.toSorted();
}

/** Text of a list of packages, as it is kept: first the archive that they are from, where that is known. */
export function packagesLock(packages: readonly string[], archive?: string): string {
  const first = archive === undefined ? [] : [`# archive ${archive}`];
  return [...first, ...packages].map((line) => `${line}\n`).join("");
}

/** The archive that a list of packages is from; undefined where the list does not say so. */
export function archiveOf(agreed: string): string | undefined {
  return /^# archive (https?:\/\/\S+)$/m.exec(agreed)?.[1];
}

/** Whether an archive is Debian as it was at one time, so that its packages stay as they are. Source: snapshot.debian.org, "Usage". */
export function isDated(archive: string): boolean {
  return /\/[0-9]{8}T[0-9]{6}Z\/?$/.test(archive);
}

/** The archive of a release: a live one has other packages tomorrow, and nobody could build the same image again. */
export function datedArchive(path: string, agreed: string): string {
  const archive = archiveOf(agreed);
  if (archive !== undefined && isDated(archive)) return archive;
  const found = archive === undefined ? "no archive" : `${archive}, a live archive`;
  throw new Refusal(`${path} names ${found}: a release has packages of a dated one, "# archive URL/YYYYMMDDTHHMMSSZ"`);
}

/** How many differences are named; a list of another suite has hundreds. */
const NAMED = 4;

/** What another list of packages has more (`+`) and less (`-`) than the one that was agreed on. */
function packageDifferences(agreed: string, found: readonly string[]): readonly string[] {
  const wanted = agreed.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return [
    ...wanted.filter((line) => !found.includes(line)).map((line) => `- ${line}`),
    ...found.filter((line) => !wanted.includes(line)).map((line) => `+ ${line}`),
  ];
}

/** Refuses packages that are not those of a list that people agreed on. */
export function requirePackages(path: string, agreed: string, found: readonly string[]): void {
  const differences = packageDifferences(agreed, found);
  if (differences.length === 0) return;
  const more = differences.length > NAMED ? ` and ${differences.length - NAMED} more` : "";
  throw new Refusal(`packages differ from ${path}: ${differences.slice(0, NAMED).join(", ")}${more}`);
}
