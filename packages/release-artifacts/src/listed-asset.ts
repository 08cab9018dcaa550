import type { Result } from "@mero-tee/tdx-quote/result";

import type { Download } from "./follow-redirects.ts";
import type { ReleaseLane } from "./lane.ts";
import { type DownloadError, openAsset, type ReleaseSource } from "./release-download.ts";
import { judge } from "./rules/registry.ts";

/** How often an asset that is listed and not there is waited for, and how long each time. */
const LATE = { waits: 10, pauseMs: 6_000 } as const;

/**
 * Opens an asset that a release lists, and waits for one that is not there yet: what lists files and what serves them are not one
 * machine.
 *
 * Errors: those of {@link openAsset}, with `release-asset-late` in place of `release-not-found`.
 * Source: docs/releases.md, rule AS-05.
 */
export async function openListedAsset(
  source: ReleaseSource,
  release: { readonly lane: ReleaseLane; readonly tag: string },
  name: string,
): Promise<Result<Download, DownloadError>> {
  for (let waits = 0; ; waits += 1) {
    const opened = await openAsset(source, release, name);
    if (opened.ok || opened.error.code !== "release-not-found") return opened;
    if (waits === LATE.waits) return { ok: false, error: lateError(name, waits) };
    await source.wait(LATE.pauseMs);
  }
}

function lateError(file: string, waits: number): DownloadError {
  const late = [{ file, waits, tries: waits + 1, arrived: false }];
  const reasons = judge("download", { late }).map(({ id, message }) => `${id}: ${message}.`);
  return { code: "release-asset-late", message: reasons.join(" ") };
}
