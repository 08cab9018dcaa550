import { ok } from "@mero-tee/tdx-quote/result";
import { CACHE_SHORT, type Handle, jsonAnswer } from "../http/call.ts";
import { refuse } from "../problem.ts";
import type { ReleaseService } from "../releases/release-service.ts";

const DEFAULT_LIMIT = "20";

/** `GET /api/releases`: the releases of a family. */
export function createReleases(releases: ReleaseService): Handle {
  return async ({ url }) => {
    const family = url.searchParams.get("family");
    if (family !== "kms" && family !== "node") return refuse("bad_query", "family is kms or node.");
    const limit = url.searchParams.get("limit") ?? DEFAULT_LIMIT;
    if (!/^(?:[1-9]|[1-4][0-9]|50)$/.test(limit)) return refuse("bad_query", "limit is 1..50.");
    const list = await releases.list(family);
    if (!list.ok) return list;
    return ok(jsonAnswer({ ...list.value, releases: list.value.releases.slice(0, Number(limit)) }, CACHE_SHORT));
  };
}

/** `GET /api/catalog`: the compatibility catalog, byte for byte. */
export function createCatalog(releases: ReleaseService): Handle {
  return async () => {
    const catalog = await releases.catalog();
    return catalog.ok ? ok({ body: catalog.value, cacheControl: CACHE_SHORT }) : catalog;
  };
}
