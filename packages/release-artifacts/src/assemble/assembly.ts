import { toHex } from "@mero-tee/tdx-quote/hex";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";
import { sha256 } from "@noble/hashes/sha2.js";

import type { AssetPurpose, AssetPurposes } from "../documents/asset-purposes.ts";
import { ASSET, CHECKSUMS_ASSET, REKOR_INDEX_ASSET } from "../asset-names.ts";
import { type Checksum, checksumsText } from "../checksums.ts";
import type { DocumentProblem } from "../documents/document-problem.ts";
import { documentText, parseDocument, type Shape } from "../documents/document-shape.ts";
import { DOCUMENT_SHAPES, type DocumentKind, type ReleasedDocuments } from "../documents/released-documents.ts";
import type { ReleaseClass, ReleaseVersion } from "../release-version.ts";

/** What every document of a release says about where it comes from. */
export interface ReleaseOrigin {
  readonly version: ReleaseVersion;
  /** `OWNER/NAME` */
  readonly repository: string;
  readonly releaseClass: ReleaseClass;
  readonly commit: string;
  readonly runId: string;
  readonly runAttempt: string;
  /** The time of the commit, so that assembling again gives the same bytes; RFC 3339. */
  readonly generatedAt: string;
}

/** How every document says where it comes from. */
export function stamp({ version, commit, runId, runAttempt, generatedAt }: ReleaseOrigin): {
  readonly tag: ReleaseVersion;
  readonly commit_sha: string;
  readonly workflow_run_id: string;
  readonly workflow_run_attempt: string;
  readonly generated_at: string;
} {
  return {
    tag: version,
    commit_sha: commit,
    workflow_run_id: runId,
    workflow_run_attempt: runAttempt,
    generated_at: generatedAt,
  };
}

/** A file of a release that is there already: an archive, an SBOM, a page. */
export type GivenAsset = Checksum;

/** The files that assembling adds to those that are there: text by name. */
export type AssembledFiles = ReadonlyMap<string, string>;

/** A document in its released form, with its digest. */
export interface WrittenDocument {
  readonly text: string;
  readonly sha256: string;
}

/**
 * Writes a document in its released form.
 *
 * Errors: what its own reader would refuse, before anybody else has to.
 */
export function writeDocument<K extends DocumentKind>(
  file: string,
  kind: K,
  value: ReleasedDocuments[K],
): Result<WrittenDocument, readonly DocumentProblem[]> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the shape of a kind makes is an object
  const read = parseDocument(file, documentText(value), DOCUMENT_SHAPES[kind] as Shape<object>);
  if (!read.ok) return err(read.error);
  const text = documentText(read.value.value);
  return ok({ text, sha256: digestOfText(text) });
}

/** Digest of a text's bytes, 64 hex digits. */
export function digestOfText(text: string): string {
  return toHex(sha256(new TextEncoder().encode(text)));
}

/** The checksum file over given and assembled files. */
export function checksumsOver(given: readonly GivenAsset[], files: AssembledFiles): string {
  const assembled = [...files].map(([name, text]) => ({ name, sha256: digestOfText(text) }));
  return checksumsText([...given, ...assembled]);
}

/** What everybody who verifies needs; the rest is for auditors, or a convenience. */
const FOR_OPERATORS: ReadonlySet<string> = new Set([
  ASSET.policyAlias,
  ASSET.compatibilityMap,
  ASSET.kmsManifest,
  ASSET.containerMetadata,
  ASSET.publishedMrtds,
  ...Object.values(CHECKSUMS_ASSET),
]);

const CONVENIENT: ReadonlySet<string> = new Set([ASSET.trustBundle, ...Object.values(REKOR_INDEX_ASSET)]);

/** Whom each asset is for. */
export function purposesOf(names: readonly string[]): AssetPurposes {
  return Object.fromEntries(names.toSorted().map((name) => [name, purposeOf(name)]));
}

function purposeOf(name: string): readonly AssetPurpose[] {
  const isPolicy = name.startsWith("kms-phala-attestation-policy.");
  if (FOR_OPERATORS.has(name) || isPolicy) return ["operator-required", "auditor-required"];
  if (CONVENIENT.has(name)) return ["operator-convenience", "auditor-convenience"];
  return /\.(?:tar\.gz|tgz|html)$/.test(name) ? ["operator-convenience"] : ["auditor-required"];
}
