import { parseProfile } from "@mero-tee/policy";
import { ASSET, policyAsset } from "@mero-tee/release-artifacts";
import { jsonValueRange } from "@mero-tee/tdx-quote/json";
import { ok, type Result } from "@mero-tee/tdx-quote/result";
import type { ReleaseFamily } from "../config/release-identity.ts";
import { type Answer, CACHE_SHORT, type Call, type Handle, jsonAnswer } from "../http/call.ts";
import { type Problem, refuse } from "../problem.ts";
import type { ReleaseService } from "../releases/release-service.ts";
import { versionOfTag } from "../releases/release-tag.ts";

const DOCUMENT_LIMIT_BYTES = 2 * 1024 * 1024;

/** `GET /api/policy`: the policy of a KMS release. */
export function createPolicy(releases: ReleaseService): Handle {
  return async (call) => {
    const profile = parseProfile(call.url.searchParams.get("profile") ?? "locked-read-only");
    if (!profile.ok) return refuse("bad_profile", "A profile is debug, debug-read-only or locked-read-only.");
    return await answerFile(releases, "kms", policyAsset(profile.value), call, sameBytes);
  };
}

/** `GET /api/compat-map`: the compatibility map of a KMS release. */
export function createCompatMap(releases: ReleaseService): Handle {
  return (call) => answerFile(releases, "kms", ASSET.compatibilityMap, call, sameBytes);
}

/** `GET /api/node-policy`: the measurements of a node release; without an envelope its profiles alone. */
export function createNodePolicy(releases: ReleaseService): Handle {
  return (call) => answerFile(releases, "node", ASSET.publishedMrtds, call, onlyProfiles);
}

function sameBytes(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> | null {
  return bytes;
}

/** The profiles as the document spells them: cut out of it, not written anew. */
function onlyProfiles(bytes: Uint8Array<ArrayBuffer>): string | null {
  const range = jsonValueRange(bytes, "profiles", { maxBytes: DOCUMENT_LIMIT_BYTES });
  if (!range.ok) return null;
  return `{"profiles":${new TextDecoder().decode(bytes.subarray(range.value.start, range.value.end))}}`;
}

async function answerFile(
  releases: ReleaseService,
  family: ReleaseFamily,
  name: string,
  { url }: Call,
  show: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer> | string | null,
): Promise<Result<Answer, Problem>> {
  const tag = url.searchParams.get("tag") ?? "";
  if (versionOfTag(family, tag) === null) {
    return refuse("bad_tag", `A tag of this family is mero-${family === "kms" ? "kms" : "tee"}-vX.Y.Z.`);
  }
  const envelope = url.searchParams.get("envelope");
  if (envelope !== null && envelope !== "1") return refuse("bad_query", "envelope is 1, or absent.");
  const asset = await releases.asset(family, tag, name);
  if (!asset.ok) return asset;
  if (envelope === "1") return ok(jsonAnswer(asset.value.envelope, CACHE_SHORT));
  const body = show(asset.value.bytes);
  if (body === null) return refuse("release_source_error", "The released document has no profiles.");
  return ok({ body, cacheControl: CACHE_SHORT });
}
