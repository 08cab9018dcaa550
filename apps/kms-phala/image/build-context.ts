import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { BUNDLE_NAME } from "../bundle/bundle-service.ts";
import { NOTICES_NAME } from "../bundle/notices.ts";
import { BUNDLE_SBOM_NAME } from "../bundle/release-files.ts";
import { BASE } from "./base-parts.ts";
import { containerSbom } from "./container-sbom.ts";
import { takeMembers } from "./part-store.ts";

/** Name under which a release publishes what is in its images. */
const CONTAINER_SBOM_NAME = "kms-phala-container-sbom.spdx.json";

/** A file of the directory in which the image is built. */
export interface ContextFile {
  readonly content: Uint8Array;
  readonly mode: 0o444 | 0o555;
}

const HERE = fileURLToPath(new URL(".", import.meta.url));

/** What the image has beside packages: how names are looked up, and what scanners ask the packages' names for. */
const OWN_FILES = {
  "etc/nsswitch.conf": "hosts: files dns\n",
  "etc/os-release": 'NAME="Debian GNU/Linux"\nID=debian\nVERSION_ID="12"\nPRETTY_NAME="files of Debian 12"\n',
};
const EXECUTABLE: ReadonlySet<string> = new Set(["usr/bin/node", "lib64/ld-linux-x86-64.so.2"]);

/**
 * Gathers everything that the image is built from, and the image's SBOM. The same bundle and lock give the same files.
 *
 * @param bundle - directory with what bundling made
 * @param parts - directory with the packages of the lock
 * @throws when a file is missing, or a package is not the pinned one
 */
export async function buildContext(bundle: string, parts: string): Promise<ReadonlyMap<string, ContextFile>> {
  const files = new Map<string, ContextFile>();
  const put = (path: string, content: Uint8Array): void =>
    void files.set(path, { content, mode: EXECUTABLE.has(path.replace(/^rootfs\//, "")) ? 0o555 : 0o444 });
  put("Dockerfile", await readFile(join(HERE, "Dockerfile")));
  for (const name of (await readdir(join(HERE, "profiles"))).toSorted()) {
    put(`profiles/${name}`, await readFile(join(HERE, "profiles", name)));
  }
  for (const name of [BUNDLE_NAME, NOTICES_NAME]) put(name, await readFile(join(bundle, name)));
  for (const [path, text] of Object.entries(OWN_FILES)) put(`rootfs/${path}`, new TextEncoder().encode(text));
  for (const part of BASE.parts) {
    for (const [path, content] of await takeMembers(parts, part)) put(`rootfs/${path}`, content);
  }
  const sbom = containerSbom(await readFile(join(bundle, BUNDLE_SBOM_NAME), "utf8"), BASE.parts, BASE.distribution);
  put(CONTAINER_SBOM_NAME, new TextEncoder().encode(sbom));
  return files;
}
