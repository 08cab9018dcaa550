import { PROFILES, type Profile } from "@mero-tee/policy";

import { ASSET, nodeProbeAssets, policyAsset } from "../asset-names.ts";
import type { AttestationPolicyDocument } from "../documents/attestation-policy.ts";
import type { DocumentKind, ReleasedDocuments } from "../documents/released-documents.ts";
import type { ReleaseEvidence } from "./evidence.ts";
import type { RuleSheet } from "./rule.ts";

/** A document that a rule looks at, with its file. */
export interface Held<T> {
  readonly file: string;
  readonly value: T;
  readonly sha256: string;
}

/** A document by its file, if it is there and could be read. */
export function find<K extends DocumentKind>(
  evidence: ReleaseEvidence,
  kind: K,
  file: string,
): Held<ReleasedDocuments[K]> | null {
  const loaded = evidence.documents[kind].get(file);
  return loaded?.result.ok === true ? { file, value: loaded.result.value.value, sha256: loaded.sha256 } : null;
}

/** The same; where there is none, the sheet notes that the rule cannot be judged. */
export function need<K extends DocumentKind>(
  evidence: ReleaseEvidence,
  sheet: RuleSheet,
  kind: K,
  file: string,
): Held<ReleasedDocuments[K]> | null {
  const found = find(evidence, kind, file);
  if (found === null) sheet.lack(file);
  return found;
}

/** Every readable document of a kind. */
export function all<K extends DocumentKind>(evidence: ReleaseEvidence, kind: K): readonly Held<ReleasedDocuments[K]>[] {
  return [...evidence.documents[kind].keys()].flatMap((file) => find(evidence, kind, file) ?? []);
}

/** The policy of each profile; a missing one is noted. */
export function needPolicies(
  evidence: ReleaseEvidence,
  sheet: RuleSheet,
): readonly (Held<AttestationPolicyDocument> & { readonly profile: Profile })[] {
  return PROFILES.flatMap((profile) => {
    const held = need(evidence, sheet, "attestationPolicy", policyAsset(profile));
    return held === null ? [] : [{ ...held, profile }];
  });
}

/** The published measurements that a rule is about: a node release's own. */
export function needPublished(
  evidence: ReleaseEvidence,
  sheet: RuleSheet,
): Held<ReleasedDocuments["publishedMrtds"]> | null {
  return need(evidence, sheet, "publishedMrtds", ASSET.publishedMrtds);
}

/** What a document says about where it comes from; null for what it does not say. */
export interface Origin {
  readonly file: string;
  readonly tag: string | null;
  readonly commit: string | null;
  readonly run: { readonly id: string; readonly attempt: string } | null;
}

/** The origin that each document of a release names. */
export function originsOf(evidence: ReleaseEvidence): readonly Origin[] {
  const kinds = [
    "attestationPolicy",
    "compatibilityMap",
    "containerMetadata",
    "kmsReleaseManifest",
    "publishedMrtds",
    "releaseProvenance",
    "profileProvenance",
    "rekorIndex",
    "verifierReleaseManifest",
  ] as const;
  const documents = kinds.flatMap((kind) =>
    all<DocumentKind>(evidence, kind).map(({ file, value }) => originOf(file, value)),
  );
  const embedded = all(evidence, "releaseProvenance").flatMap(({ file, value }) =>
    PROFILES.map((profile) => originOf(file, value.profiles[profile])),
  );
  return [...documents, ...embedded];
}

function originOf(file: string, document: object): Origin {
  const members: ReadonlyMap<string, unknown> = new Map(Object.entries(document));
  const text = (key: string): string | null => {
    const value = members.get(key);
    return typeof value === "string" ? value : null;
  };
  const [id, attempt] = [text("workflow_run_id"), text("workflow_run_attempt")];
  return {
    file,
    tag: text("tag"),
    commit: text("commit_sha"),
    run: id === null || attempt === null ? null : { id, attempt },
  };
}

/** What the probes of a node profile left, as far as it is published. */
export function probeOf(
  evidence: ReleaseEvidence,
  profile: Profile,
): {
  readonly mrtd: Held<ReleasedDocuments["mrtdRecord"]> | null;
  readonly provenance: Held<ReleasedDocuments["profileProvenance"]> | null;
  readonly candidates: Held<ReleasedDocuments["measurementCandidates"]> | null;
} {
  const names = nodeProbeAssets(profile);
  return {
    mrtd: find(evidence, "mrtdRecord", names.mrtd),
    provenance: find(evidence, "profileProvenance", names.provenance),
    candidates: find(evidence, "measurementCandidates", names.candidates),
  };
}
