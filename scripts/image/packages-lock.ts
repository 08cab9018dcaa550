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

/** What another list of packages has more (`+`) and less (`-`) than the one that was agreed on. */
export function packageDifferences(agreed: string, found: readonly string[]): readonly string[] {
  const wanted = agreed.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return [
    ...wanted.filter((line) => !found.includes(line)).map((line) => `- ${line}`),
    ...found.filter((line) => !wanted.includes(line)).map((line) => `+ ${line}`),
  ];
}
