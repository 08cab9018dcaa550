import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Profile } from "../../packages/policy/src/index.ts";
import {
  ASSET,
  DOCUMENT_SHAPES,
  type DocumentProblem,
  parseDocument,
  type Shape,
} from "../../packages/release-artifacts/src/index.ts";
import { err, ok, type Result } from "../../packages/tdx-quote/src/result.ts";

/** What verified releases say of a deployment; a KMS release says all of it. */
export interface ReleasedParts {
  /** By its digest. */
  readonly image?: string;
  readonly nodePolicySha256?: string;
  /** What the composition has to come out as. */
  readonly composeHash?: string;
}

/**
 * Reads the parts of a KMS release, for one profile. Nothing is verified here.
 *
 * Errors: everything that is wrong with its release manifest or its map, a version that is another among it; one that cannot be read
 * is thrown.
 * Source: docs/deploy-kms.md.
 */
export async function partsOfKmsRelease(
  directory: string,
  version: string,
  profile: Profile,
): Promise<Result<ReleasedParts, readonly DocumentProblem[]>> {
  const manifest = await readReleased(
    { directory, version, name: ASSET.kmsManifest },
    DOCUMENT_SHAPES.kmsReleaseManifest,
  );
  if (!manifest.ok) return manifest;
  const map = await readReleased(
    { directory, version, name: ASSET.compatibilityMap },
    DOCUMENT_SHAPES.compatibilityMap,
  );
  if (!map.ok) return map;
  const { container, container_profile_digests: digests } = manifest.value.document;
  const { node_policy_sha256: nodePolicySha256, profiles } = map.value.document.compatibility;
  if (nodePolicySha256 === undefined) {
    const expected = "the digest of the node measurements that the KMS goes by";
    const path = "compatibility.node_policy_sha256";
    return err([{ code: "document-field-missing", kind: "digest", file: ASSET.compatibilityMap, path, expected }]);
  }
  const composeHash = profiles[profile].event_payload;
  return ok({ image: `${container.image}@${digests[profile]}`, nodePolicySha256, composeHash });
}

/** Reads which nodes get keys from a node release; errors as for {@link partsOfKmsRelease}. */
export async function partsOfNodeRelease(
  directory: string,
  version: string,
): Promise<Result<ReleasedParts, readonly DocumentProblem[]>> {
  const asset = { directory, version, name: ASSET.publishedMrtds };
  const published = await readReleased(asset, DOCUMENT_SHAPES.publishedMrtds);
  if (!published.ok) return published;
  return ok({ nodePolicySha256: createHash("sha256").update(published.value.bytes).digest("hex") });
}

interface ReleasedAsset {
  readonly directory: string;
  readonly version: string;
  readonly name: string;
}

async function readReleased<T extends { readonly tag: string }>(
  { directory, version, name }: ReleasedAsset,
  shape: Shape<T>,
): Promise<Result<{ readonly document: T; readonly bytes: Uint8Array }, readonly DocumentProblem[]>> {
  const bytes = await readFile(join(directory, name));
  const parsed = parseDocument(name, bytes, shape);
  if (!parsed.ok) return parsed;
  const document = parsed.value.value;
  if (document.tag === version) return ok({ document, bytes });
  return err([{ code: "document-field-malformed", kind: "form", file: name, path: "tag", expected: version }]);
}
