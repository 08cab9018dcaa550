import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

import { DOCUMENT_LIMIT_BYTES } from "./documents/document-shape.ts";
import { type DownloadError, openUrl, type ReleaseSource } from "./release-download.ts";
import { readWhole } from "./release-files.ts";

const NAME = "The compatibility catalog";

/**
 * Fetches the compatibility catalog of a repository, as its default branch has it: it says which releases were withdrawn. Nobody
 * signs it.
 *
 * @returns its bytes, unread
 * Errors: `release-not-found`, `release-fetch-failed`, `release-redirect-refused`, `release-asset-too-large`.
 * Source: GitHub REST API, get repository content.
 */
export async function fetchCatalog(source: ReleaseSource): Promise<Result<Uint8Array<ArrayBuffer>, DownloadError>> {
  const opened = await openUrl(source, {
    name: NAME,
    url: `https://api.github.com/repos/${source.repository}/contents/compatibility-catalog.json`,
    accept: "application/vnd.github.raw+json",
  });
  if (!opened.ok) return opened;
  try {
    const bytes = await readWhole(opened.value.chunks, DOCUMENT_LIMIT_BYTES);
    if (bytes !== null) return ok(bytes);
    return err({
      code: "release-asset-too-large",
      message: `${NAME} is longer than ${DOCUMENT_LIMIT_BYTES} bytes.`,
    });
  } catch {
    // The transport's own words are the reader's, and may carry an address.
    return err({ code: "release-fetch-failed", message: `${NAME} broke off.` });
  } finally {
    opened.value.cancel();
  }
}
