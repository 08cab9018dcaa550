import type { BuildFacts } from "../build-facts.ts";

// Not imported: a service worker is one classic script, and an import would make it two.
declare const BUILD_FACTS: BuildFacts;

/** The part of a service worker's global scope that is used here. */
declare const self: ServiceWorkerGlobalScope;

/** A new commit gets a new cache; the old one goes when the new one is complete. Caches of other names are not ours. */
const PREFIX = "mero-verifier-";
const CACHE = `${PREFIX}${BUILD_FACTS.flavour}-${BUILD_FACTS.commit}`;
const MANIFEST_PATH = "/.well-known/verifier-manifest.json";
const NOT_KEPT: ReadonlySet<string> = new Set(["/sw.js", "/verifier-offline.html"]);

/** Keeps the files of this site; a file that does not come fails the installation, and the page works without. */
async function install(): Promise<void> {
  const response = await fetch(MANIFEST_PATH, { cache: "no-store" });
  // Written by the build beside this very file; nothing but names of files is taken from it.
  const manifest: { readonly files: readonly { readonly path: string }[] } = await response.json();
  const cache = await caches.open(CACHE);
  await cache.addAll(manifest.files.map(({ path }) => path).filter((path) => !NOT_KEPT.has(path)));
}

async function activate(): Promise<void> {
  for (const name of await caches.keys()) {
    if (name.startsWith(PREFIX) && name !== CACHE) await caches.delete(name);
  }
}

/** Pages come from the network while there is one, so that a new release is seen; their parts are named by their content. */
async function answer(request: Request): Promise<Response> {
  const cache = await caches.open(CACHE);
  if (request.mode !== "navigate") return (await cache.match(request)) ?? (await fetch(request));
  try {
    return await fetch(request);
  } catch (error) {
    const kept = await cache.match("/index.html");
    if (kept === undefined) throw error;
    return kept;
  }
}

self.addEventListener("install", (event) => event.waitUntil(install()));
self.addEventListener("activate", (event) => event.waitUntil(activate()));
self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  const isOurs = url.origin === self.location.origin && event.request.method === "GET";
  if (!isOurs || url.pathname.startsWith("/api/") || url.pathname.startsWith("/sim/")) return;
  event.respondWith(answer(event.request));
});
