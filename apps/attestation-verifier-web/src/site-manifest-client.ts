import { list, object, text } from "@mero-tee/tdx-quote/json-shape";
import { parseStrictJson } from "@mero-tee/tdx-quote/json";

/** One file of this site. */
export interface SiteFile {
  readonly path: string;
  readonly sha256: string;
}

const MANIFEST = object({ files: list(object({ path: text, sha256: text })) });

/** Reads what the site says about its own files; empty where it does not say. */
export async function loadSiteManifest(): Promise<readonly SiteFile[]> {
  try {
    const response = await fetch("/.well-known/verifier-manifest.json");
    const json = parseStrictJson(await response.text());
    const manifest = json.ok ? MANIFEST(json.value) : json;
    return manifest.ok ? manifest.value.files : [];
  } catch {
    // No network, or a server without the file: there is nothing to show then.
    return [];
  }
}
