import type { AttestationPolicyDocument } from "./documents/attestation-policy.ts";
import { sameJson } from "./same-json.ts";

/** One list of two policies that differ. */
export interface PolicyListChange {
  /** The path in the document, e.g. `policy.node_allowed_rtmr3`. */
  readonly path: string;
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

/** What differs between two attestation policies: members of the envelope by path, and lists by what came and went. */
export function diffPolicies(
  before: AttestationPolicyDocument,
  after: AttestationPolicyDocument,
): readonly PolicyListChange[] {
  const changes: PolicyListChange[] = [];
  compare("", before, after, changes);
  return changes;
}

function compare(path: string, before: unknown, after: unknown, changes: PolicyListChange[]): void {
  if (sameJson(before, after)) return;
  const [left, right] = [membersOf(before), membersOf(after)];
  if (left !== null && right !== null) {
    for (const key of new Set([...left.keys(), ...right.keys()])) {
      compare(path === "" ? key : `${path}.${key}`, left.get(key), right.get(key), changes);
    }
    return;
  }
  const [old, current] = [textsOf(before), textsOf(after)];
  const added = current.filter((each) => !old.includes(each));
  const removed = old.filter((each) => !current.includes(each));
  if (added.length + removed.length > 0) changes.push({ path, added, removed });
}

/** The members of an object; null for everything else. */
function membersOf(value: unknown): ReadonlyMap<string, unknown> | null {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return isObject ? new Map<string, unknown>(Object.entries(value)) : null;
}

/** The entries of a list, or a single value as a list of one, as text. */
function textsOf(value: unknown): readonly string[] {
  const entries: readonly unknown[] = Array.isArray(value) ? value : value === undefined ? [] : [value];
  return entries.map((each) => (typeof each === "string" ? each : JSON.stringify(each)));
}
