import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeArchive } from "@mero-tee/release-artifacts";
import { formatRfc3339Utc } from "@mero-tee/tdx-quote/utc-time";
import type { Build } from "../src/config/build.ts";
import { BUNDLE_NAME, bundleService } from "./bundle-service.ts";
import { bundleSbom } from "./bundle-sbom.ts";
import { bundledPackages } from "./bundled-packages.ts";
import { NOTICES_NAME, noticesOf } from "./notices.ts";

/** Name under which a release publishes the bundle. */
const ARCHIVE_NAME = "mero-kms-phala_node.tar.gz";
/** Name under which a release publishes what is in the bundle. */
export const BUNDLE_SBOM_NAME = "kms-phala-binaries-sbom.spdx.json";

const OWN_LICENSES = ["LICENSE-APACHE", "LICENSE-MIT"] as const;
const REPOSITORY = fileURLToPath(new URL("../../..", import.meta.url));

/**
 * Makes the bundle, the licences of what is in it, and the archive and SBOM that a release publishes.
 *
 * @param modifiedAt - time of the commit, Unix seconds
 * @returns content by file name
 */
export async function releaseFiles(build: Build, modifiedAt: number): Promise<ReadonlyMap<string, Uint8Array>> {
  const { code, modules } = await bundleService(build);
  const packages = await bundledPackages(modules);
  const bundle = [
    { name: BUNDLE_NAME, content: bytesOf(code) },
    { name: NOTICES_NAME, content: bytesOf(noticesOf(packages)) },
  ];
  const own = OWN_LICENSES.map(async (name) => ({ name, content: await readFile(join(REPOSITORY, name)) }));
  const archive = await writeArchive([...bundle, ...(await Promise.all(own))], modifiedAt);
  const sbom = bundleSbom(code, packages, build, formatRfc3339Utc(modifiedAt));
  return new Map([
    ...bundle.map(({ name, content }) => [name, content] as const),
    [ARCHIVE_NAME, archive],
    [BUNDLE_SBOM_NAME, bytesOf(sbom)],
  ]);
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
