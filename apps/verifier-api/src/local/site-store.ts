import { readdir, readFile } from "node:fs/promises";
import { extname, join, relative, sep } from "node:path";
import { MOVED_PATHS, SCREEN_PATHS, siteHeadersOf } from "../http/site-headers.ts";

/** A built site, held in memory: what is not a file of it cannot be asked for. */
export interface Site {
  /** The answer for a path outside the API. */
  answer(method: string, pathname: string): Response;
}

const MEDIA_TYPES: ReadonlyMap<string, string> = new Map([
  [".html", "text/html; charset=utf-8"],
  [".js", "text/javascript; charset=utf-8"],
  [".css", "text/css; charset=utf-8"],
  [".json", "application/json"],
  [".svg", "image/svg+xml"],
  [".png", "image/png"],
  [".ico", "image/x-icon"],
  [".txt", "text/plain; charset=utf-8"],
  [".webmanifest", "application/manifest+json"],
]);

/**
 * Reads the files of a site.
 *
 * @param extra - texts that are served beside them, by path
 */
export async function loadSite(folder: string, extra: ReadonlyMap<string, string> = new Map()): Promise<Site> {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const [path, text] of extra) files.set(path, new TextEncoder().encode(text));
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    files.set(`/${relative(folder, file).split(sep).join("/")}`, new Uint8Array(await readFile(file)));
  }
  return {
    answer(method, pathname) {
      const headers = siteHeadersOf(pathname);
      const moved = MOVED_PATHS.find(({ from }) => from === pathname);
      if (moved !== undefined) {
        const status = moved.isPermanent ? 308 : 307;
        return new Response(null, { status, headers: { ...headers, location: moved.to } });
      }
      const isScreen = pathname === "/" || SCREEN_PATHS.includes(pathname.slice(1));
      const path = isScreen ? "/index.html" : pathname;
      const body = files.get(path);
      if (method !== "GET" && method !== "HEAD") {
        return new Response(null, { status: 405, headers: { ...headers, allow: "GET, HEAD" } });
      }
      if (body === undefined) {
        return new Response("There is no such page.\n", {
          status: 404,
          headers: { ...headers, "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" },
        });
      }
      const mediaType = MEDIA_TYPES.get(extname(path)) ?? "application/octet-stream";
      const more = { "content-type": mediaType, "content-length": String(body.length) };
      return new Response(method === "HEAD" ? null : body, { status: 200, headers: { ...headers, ...more } });
    },
  };
}
