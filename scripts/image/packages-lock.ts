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

/** Text of a list of packages, as it is kept. */
export function packagesLock(packages: readonly string[]): string {
  return packages.map((line) => `${line}\n`).join("");
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
