import { err, type Result } from "@mero-tee/tdx-quote/result";

import { REKOR_INDEX_ASSET } from "../asset-names.ts";
import type { DocumentProblem } from "../documents/document-problem.ts";
import type { RekorEntry } from "../documents/rekor-index.ts";
import type { ReleaseLane } from "../lane.ts";
import type { SidecarForms } from "../sidecar-forms.ts";
import { type ReleaseOrigin, writeDocument, type WrittenDocument } from "./assembly.ts";

/** A signed asset: its digest, and what its signature files say. */
export interface SignedAsset {
  readonly name: string;
  readonly sha256: string;
  readonly forms: SidecarForms;
}

/**
 * Writes the index of log entries over signed assets.
 *
 * Errors: `document-field-missing` for an asset whose bundle names no log entry.
 * Source: docs/releases.md.
 */
export function assembleRekorIndex(
  lane: ReleaseLane,
  origin: Pick<ReleaseOrigin, "version" | "runId" | "runAttempt" | "generatedAt">,
  assets: readonly SignedAsset[],
): Result<WrittenDocument, readonly DocumentProblem[]> {
  const file = REKOR_INDEX_ASSET[lane];
  const problems: DocumentProblem[] = [];
  const entries = assets
    .toSorted((left, right) => (left.name < right.name ? -1 : 1))
    .flatMap(({ name, sha256, forms }): readonly RekorEntry[] => {
      const log = forms.get(".sigstore.json")?.log ?? null;
      if (log === null) {
        problems.push({
          code: "document-field-missing",
          kind: "form",
          file,
          path: `entries.${name}`,
          expected: "a bundle with a log entry",
        });
        return [];
      }
      return [
        {
          asset: name,
          bundle_asset: `${name}.sigstore.json`,
          hash: `sha256:${sha256}`,
          sigstore_search_url: `https://search.sigstore.dev/?logIndex=${log.logIndex}`,
          log_index: log.logIndex,
          integrated_time: log.integratedTime ?? "0",
          log_id: log.logId,
        },
      ];
    });
  if (problems.length > 0) return err(problems);
  return writeDocument(file, "rekorIndex", {
    schema_version: 1,
    tag: origin.version,
    workflow_run_id: origin.runId,
    workflow_run_attempt: origin.runAttempt,
    generated_at: origin.generatedAt,
    entries,
  });
}
