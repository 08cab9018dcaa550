import type { VerifiedQuote } from "@mero-tee/tdx-quote";
import { bytesToHex } from "@noble/hashes/utils.js";

/** Every field of a value by its path, with what stands there. */
function flatten(value: unknown, path: string, into: Map<string, string>): Map<string, string> {
  if (value instanceof Uint8Array) return into.set(path, bytesToHex(value));
  if (typeof value !== "object" || value === null) return into.set(path, `${typeof value} ${String(value)}`);
  const entries: [string, unknown][] = Object.entries(value);
  into.set(`${path}{}`, entries.map(([key]) => key).join());
  for (const [key, member] of entries) flatten(member, path === "" ? key : `${path}.${key}`, into);
  return into;
}

/** The paths of the fields in which two verdicts differ. */
export function verdictDifferences(one: VerifiedQuote, two: VerifiedQuote): readonly string[] {
  const [left, right] = [flatten(one, "", new Map()), flatten(two, "", new Map())];
  return [...new Set([...left.keys(), ...right.keys()])].filter((path) => left.get(path) !== right.get(path));
}
