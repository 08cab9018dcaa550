import { parseReleaseReference, releaseTag } from "@mero-tee/release-artifacts";
import type { Result } from "@mero-tee/tdx-quote/result";

import { RELEASE_SEARCH_LIMIT } from "./likely-release.ts";
import {
  type ProfileReference,
  readReferenceValues,
  type ReferenceProblem,
  type ReferenceValues,
} from "./reference-values.ts";
import { judgeSignature, type JudgedSignature } from "./release-signatures.ts";
import type { AttesterKind, ReleaseMaterial, ReleaseSigners, Supply } from "./request.ts";

/** A release with its documents read and the signatures of those judged. */
export interface JudgedRelease {
  readonly material: ReleaseMaterial;
  readonly values: Result<ReferenceValues, ReferenceProblem>;
  readonly signatures: readonly JudgedSignature[];
}

/** Which release an appraisal compares with, or why with none. */
export type ReleaseChoice =
  | {
      readonly outcome: "chosen";
      readonly by: "tag" | "search" | "user";
      readonly release: JudgedRelease;
      readonly searched: readonly string[];
    }
  | { readonly outcome: "unknown-tag"; readonly tag: string }
  | { readonly outcome: "unmatched"; readonly searched: readonly string[] }
  | { readonly outcome: "absent" | "unavailable"; readonly reason: string };

/** What tells one release from another: the compose hash of a KMS, RTMR3 of a node. */
interface ReleaseMark {
  readonly composeHash: string | null;
  readonly rtmr3: string;
}

/** What {@link chooseRelease} works with. */
export interface ReleaseSearch {
  readonly kind: AttesterKind;
  /** As typed; null: search. */
  readonly tag: string | null;
  readonly releases: Supply<readonly ReleaseMaterial[]>;
  readonly mark: ReleaseMark;
  readonly signers: ReleaseSigners;
}

/**
 * Chooses the release: the one that was asked for, a file that the reader gave, or by search, newest first. A release
 * whose signatures hold comes before one whose do not: who serves the list may put anything in front.
 */
export async function chooseRelease(search: ReleaseSearch): Promise<ReleaseChoice> {
  const { kind, releases, signers } = search;
  const tag = search.tag === null ? null : tagOf(search.tag, kind);
  if (releases.status === "unavailable") return { outcome: "unavailable", reason: releases.reason };
  if (releases.status === "absent") {
    return tag === null ? { outcome: "absent", reason: releases.reason } : { outcome: "unknown-tag", tag };
  }
  const candidates = releases.value.slice(0, RELEASE_SEARCH_LIMIT);
  const searched = candidates.map((material) => material.tag ?? "files of your own");
  const own = candidates.find(({ origin }) => origin === "user");
  if (own !== undefined) {
    return { outcome: "chosen", by: "user", release: await judgeRelease(own, kind, signers), searched };
  }
  if (tag !== null) {
    const material = candidates.find((candidate) => candidate.tag === tag);
    if (material === undefined) return { outcome: "unknown-tag", tag };
    return { outcome: "chosen", by: "tag", release: await judgeRelease(material, kind, signers), searched: [tag] };
  }
  let fallback: JudgedRelease | null = null;
  for (const material of candidates) {
    const values = readReferenceValues(kind, material);
    if (!values.ok || !values.value.profiles.some((profile) => fits(profile, search.mark))) continue;
    const release = await judgeRelease(material, kind, signers);
    if (release.signatures.every(({ problem }) => problem === null)) {
      return { outcome: "chosen", by: "search", release, searched };
    }
    fallback ??= release;
  }
  return fallback === null
    ? { outcome: "unmatched", searched }
    : { outcome: "chosen", by: "search", release: fallback, searched };
}

/** The tag of a release in the lane of its kind; what names no release stays as it was typed, and is found nowhere. */
function tagOf(typed: string, kind: AttesterKind): string {
  const reference = parseReleaseReference(typed);
  return reference.ok ? releaseTag(reference.value.lane ?? kind, reference.value.version) : typed;
}

async function judgeRelease(
  material: ReleaseMaterial,
  kind: AttesterKind,
  signers: ReleaseSigners,
): Promise<JudgedRelease> {
  const values = readReferenceValues(kind, material);
  if (!values.ok || material.origin === "user") return { material, values, signatures: [] };
  const commit = values.value.profiles.find((profile) => profile.commit !== null)?.commit ?? null;
  const signatures = await Promise.all(
    values.value.used.map(async (asset) => await judgeSignature(asset, kind, signers, commit)),
  );
  return { material, values, signatures };
}

function fits({ composeHashes, lists, sets }: ProfileReference, { composeHash, rtmr3 }: ReleaseMark): boolean {
  if (composeHashes !== null) return composeHash !== null && composeHashes.includes(composeHash);
  return lists.rtmr3.includes(rtmr3) || sets?.some((set) => set.rtmr3 === rtmr3) === true;
}
