import { setTimeout as sleep } from "node:timers/promises";

import {
  BrokenDownload,
  findRelease,
  openListedAsset,
  type FoundRelease,
  type ReleaseLane,
  type ReleaseSource,
  type ReleaseVersion,
} from "@mero-tee/release-artifacts";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

import type { Ports } from "./context.ts";
import { createDownloadMeter } from "./download-meter.ts";
import { refusalOfCli, refusalOfRelease, type Refusal } from "./failure-view.ts";
import { withProgress } from "./output.ts";

/** Which release to fetch, and where to put it. */
export interface ReleaseToFetch {
  readonly repository: string;
  readonly lane: ReleaseLane;
  readonly version: ReleaseVersion;
  /** Directory to make. */
  readonly path: string;
}

/**
 * Downloads every asset of a release into a directory, which appears whole or not at all: a run that was interrupted leaves
 * nothing that could pass for a release. Nothing is verified here.
 *
 * Errors: those of the download, and of the directory.
 */
export async function fetchRelease(ports: Ports, release: ReleaseToFetch): Promise<Result<FoundRelease, Refusal>> {
  const { repository, lane, version, path } = release;
  const source: ReleaseSource = {
    fetch: ports.fetch,
    repository,
    wait: async (milliseconds) => await sleep(milliseconds),
  };
  const looking = `looking for release ${version} of the ${lane} in ${repository}`;
  const found = await withProgress(ports, looking, findRelease(source, lane, version));
  if (!found.ok) return err(refusalOfRelease(found.error));
  const { tag, assets } = found.value;
  const meter = createDownloadMeter(ports, assets.length);
  const contents = assets.map((name) => [name, meter.count(assetContent(source, { lane, tag }, name))] as const);
  try {
    const work = ports.files.writeDirectory(path, new Map(contents));
    const written = await withProgress(ports, `downloading ${assets.length} files of ${tag}`, work);
    return written.ok ? ok(found.value) : err(refusalOfCli(written.error));
  } catch (error) {
    if (error instanceof BrokenDownload) return err(refusalOfRelease(error.error));
    throw error;
  } finally {
    meter.end();
  }
}

/** The bytes of an asset, which is asked for when somebody wants the first of them. */
async function* assetContent(
  source: ReleaseSource,
  release: { readonly lane: ReleaseLane; readonly tag: string },
  name: string,
): AsyncGenerator<Uint8Array> {
  const opened = await openListedAsset(source, release, name);
  if (!opened.ok) throw new BrokenDownload(opened.error);
  try {
    yield* opened.value.chunks;
  } finally {
    opened.value.cancel();
  }
}
