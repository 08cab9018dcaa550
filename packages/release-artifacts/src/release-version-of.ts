import { isJsonObject, parseStrictJson } from "@mero-tee/tdx-quote/json";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

import { ASSET, ASSET_LIMIT_BYTES, policyAsset } from "./asset-names.ts";
import type { ReleaseLane } from "./lane.ts";
import type { ReleaseUnreadable } from "./load-release.ts";
import { readWhole, type ReleaseFiles } from "./release-files.ts";
import { parseReleaseVersion, type ReleaseVersion } from "./release-version.ts";

/** The documents of each lane that name its version, most telling first. */
const TELLING: Readonly<Record<ReleaseLane, readonly string[]>> = {
  kms: [ASSET.kmsManifest, ASSET.compatibilityMap, policyAsset("locked-read-only")],
  node: [ASSET.publishedMrtds, ASSET.releaseProvenance],
  verifier: [ASSET.verifierManifest],
};

/**
 * The version that a released directory says it is of, for who did not say which one to expect. The rules then hold every
 * document to it.
 *
 * @returns null where no document of the lane names a version
 * Errors: `release-unreadable`.
 */
export async function releaseVersionOf(
  files: ReleaseFiles,
  lane: ReleaseLane,
): Promise<Result<ReleaseVersion | null, ReleaseUnreadable>> {
  let current = "the directory";
  try {
    const names = new Set((await files.list()).map(({ name }) => name));
    for (const name of TELLING[lane].filter((each) => names.has(each))) {
      current = name;
      const content = await readWhole(files.open(name), ASSET_LIMIT_BYTES.document);
      const json = content === null ? null : parseStrictJson(content, { maxBytes: ASSET_LIMIT_BYTES.document });
      const tag = json?.ok === true && isJsonObject(json.value) ? json.value.get("tag") : null;
      const version = typeof tag === "string" ? parseReleaseVersion(tag) : null;
      if (version !== null) return ok(version);
    }
    return ok(null);
  } catch (error) {
    return err({
      code: "release-unreadable",
      file: current,
      reason: error instanceof Error ? error.message : String(error),
    });
  }
}
