import { readFile, writeFile } from "node:fs/promises";
import type { ComposeChange } from "./probe-machines.ts";

/** A JSON file, as plain values. */
export async function readJson(path: string): Promise<unknown> {
  const value: unknown = JSON.parse(await readFile(path, "utf8"));
  return value;
}

/** Puts another value to a place of a JSON file. */
export async function editJson(path: string, place: readonly string[], value: unknown): Promise<void> {
  await writeFile(path, `${JSON.stringify(withValue(await readJson(path), place, value), null, 2)}\n`);
}

function withValue(document: unknown, [key, ...rest]: readonly string[], value: unknown): unknown {
  if (key === undefined) return value;
  const members = typeof document === "object" && document !== null ? Object.entries(document) : [];
  return Object.fromEntries(
    members.map(([name, member]) => [name, name === key ? withValue(member, rest, value) : member]),
  );
}

/** Makes a change of the members of an app-compose document. */
export function changedCompose(change: (document: Record<string, unknown>) => void): ComposeChange {
  return (appCompose) => {
    const document: Record<string, unknown> = JSON.parse(appCompose);
    change(document);
    return `${JSON.stringify(document)}\n`;
  };
}
