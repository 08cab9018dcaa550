import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

import type { DocumentProblem } from "./documents/document-problem.ts";
import { list, object, parseDocument, type Shape, schemaVersion, text } from "./documents/document-shape.ts";
import { sha256Hex } from "./documents/release-fields.ts";

/** A release as an audit saw it: every file and its digest. */
interface SeenRelease {
  readonly tag: string;
  readonly assets: readonly { readonly name: string; readonly sha256: string }[];
}

/** What audits remember: released files never change, so what was seen once is what must be there for ever. */
export interface AuditState {
  readonly schema_version: 1;
  readonly releases: readonly SeenRelease[];
}

const auditState: Shape<AuditState> = object<AuditState>({
  schema_version: schemaVersion,
  releases: list(
    object<SeenRelease>({
      tag: text,
      assets: list(object<SeenRelease["assets"][number]>({ name: text, sha256: sha256Hex })),
    }),
  ),
});

/** The state before the first audit. */
export const NOTHING_SEEN: AuditState = { schema_version: 1, releases: [] };

/** Reads what earlier audits remember. Errors: those of a document. */
export function parseAuditState(
  file: string,
  content: string | Uint8Array,
): Result<AuditState, readonly DocumentProblem[]> {
  const read = parseDocument(file, content, auditState);
  return read.ok ? ok(read.value.value) : err(read.error);
}

/**
 * What is no longer as an audit saw it.
 *
 * @param now - the digest of each file of the release now (64 hex digits), null for one that is not known
 * @returns one clause for each file that changed, went or came; empty for a release that was never seen
 * Source: docs/releases.md: digests of past releases are unchanged since the first audit.
 */
export function changesSince(
  state: AuditState,
  tag: string,
  now: ReadonlyMap<string, string | null>,
): readonly string[] {
  const seen = state.releases.find((each) => each.tag === tag);
  if (seen === undefined) return [];
  const before = new Map(seen.assets.map(({ name, sha256 }) => [name, sha256]));
  const gone = [...before].flatMap(([name, sha256]) => {
    const digest = now.get(name);
    if (digest === undefined) return [`${name} is gone`];
    return digest === null || digest === sha256 ? [] : [`${name} is ${digest}, and was ${sha256}`];
  });
  const added = [...now.keys()].filter((name) => !before.has(name)).map((name) => `${name} was added`);
  return [...gone, ...added];
}

/** The state with one more release; one that is in it already stays as it was first seen. */
export function withSeen(state: AuditState, tag: string, assets: ReadonlyMap<string, string>): AuditState {
  if (state.releases.some((each) => each.tag === tag)) return state;
  const names = [...assets].map(([name, sha256]) => ({ name, sha256 }));
  const seen: SeenRelease = { tag, assets: names.toSorted((left, right) => (left.name < right.name ? -1 : 1)) };
  const releases = [...state.releases, seen].toSorted((left, right) => (left.tag < right.tag ? -1 : 1));
  return { ...state, releases };
}
