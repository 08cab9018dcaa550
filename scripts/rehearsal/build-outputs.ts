import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { nodeRtmr3, type Profile, PROFILES } from "../../packages/policy/src/index.ts";
import { type ArchiveEntry, writeArchive } from "../../packages/release-artifacts/src/index.ts";
import { simulatedRootHash } from "../../packages/tee-simulator/src/index.ts";

/** What a build leaves for its lane, in a directory; where the real thing was not built, something that says so by its name. */
export interface BuildOutputs {
  readonly directory: string;
  /** What stands in for something that was not built here; empty where everything is real. */
  readonly standIns: readonly string[];
}

interface Build {
  readonly directory: string;
  readonly version: string;
  /** Time of everything that is built, Unix seconds. */
  readonly builtAt: number;
}

interface KmsBuild extends Build {
  readonly commit: string;
}

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** The released service, and the one file in it. */
export const KMS_ARCHIVE = "mero-kms-phala_node.tar.gz";
export const KMS_BUNDLE = "mero-kms-phala.mjs";
/** The image that KMS releases name. */
export const KMS_IMAGE = "ghcr.io/calimero-network/mero-kms-phala";

/** The KMS: the service as one file and as an archive, one image for each profile, SBOMs. */
export async function buildKms({ directory, version, commit, builtAt }: KmsBuild): Promise<BuildOutputs> {
  await mkdir(directory, { recursive: true });
  const bundler = join(ROOT, "apps/kms-phala/bundle/main.ts");
  await execa(process.execPath, [bundler, "--version", version, "--commit", commit, "--out", directory], {
    env: { SOURCE_DATE_EPOCH: String(builtAt) },
  });
  const bundle = await readFile(join(directory, KMS_ARCHIVE));
  const digests = Object.fromEntries(PROFILES.map((profile) => [profile, imageDigest(profile, version, bundle)]));
  await writeJson(directory, "kms-phala-images.json", { image: KMS_IMAGE, digests });
  await writeSbom(directory, "kms-phala-container-sbom.spdx.json", "apps/kms-phala", builtAt);
  return { directory, standIns: ["container images (the digests of their configurations)"] };
}

/** The digest of an image's configuration: what distinguishes the images of three profiles. */
function imageDigest(profile: Profile, version: string, bundle: Uint8Array): string {
  const configuration = {
    architecture: "amd64",
    os: "linux",
    config: { Labels: { "io.calimero.kms_profile": profile, version }, User: "10001" },
    rootfs: { type: "layers", diff_ids: [`sha256:${sha256(bundle)}`] },
  };
  return `sha256:${sha256(JSON.stringify(configuration))}`;
}

/** The node images: a disk for each profile, its description with what it must measure as, SBOMs, conformance reports. */
export async function buildNodeImages({ directory, version, builtAt }: Build): Promise<BuildOutputs> {
  await mkdir(directory, { recursive: true });
  await writeSbom(directory, "node-image-gcp-release-sbom.spdx.json", ".", builtAt);
  for (const profile of PROFILES) {
    const rootHash = simulatedRootHash(profile);
    const predicted = nodeRtmr3({ role: "node", profile, rootHash });
    if (!predicted.ok) throw new Error(predicted.error.code);
    const disk = `stand-in of the ${profile} disk, not bootable; root hash ${rootHash}\n`;
    const name = `merotee-${profile}-${version.replaceAll(".", "-")}`;
    await writeFile(join(directory, `${name}.stand-in.raw`), disk);
    await writeJson(directory, `image-${profile}.json`, {
      name,
      project: "rehearsal",
      family: `merotee-${profile}`,
      self_link: `https://www.googleapis.com/compute/v1/projects/rehearsal/global/images/${name}`,
      disk_sha256: sha256(disk),
      root_hash: rootHash,
      predicted: { rtmr3: predicted.value.rtmr3 },
    });
    await writeSbom(directory, `node-image-gcp-rootfs-sbom.${profile}.spdx.json`, ".", builtAt);
    await writeJson(directory, `conformance-${profile}.json`, { schema_version: 1, profile, checks: [] });
  }
  return { directory, standIns: ["disk images (*.stand-in.raw)", "conformance reports (without checks)"] };
}

/** The public verifier: web and API bundles, the page as one file, packages. */
export async function buildVerifier({ directory, builtAt }: Build): Promise<BuildOutputs> {
  await mkdir(directory, { recursive: true });
  const standIns: string[] = [];
  for (const [asset, built] of [
    ["mero-verifier-web", "apps/attestation-verifier-web/dist"],
    ["mero-verifier-api", "apps/verifier-api/dist"],
  ] as const) {
    const archive = await archiveOf(built, asset, builtAt);
    await writeFile(join(directory, `${asset}.tar.gz`), archive.content);
    standIns.push(...archive.standIns);
  }
  const page = "apps/attestation-verifier-web/dist/verifier-offline.html";
  const isBuilt = existsSync(join(ROOT, page));
  const text = isBuilt
    ? await readFile(join(ROOT, page))
    : "<!doctype html><title>stand-in of the offline verifier</title>\n";
  await writeFile(join(directory, "verifier-offline.html"), text);
  if (!isBuilt) standIns.push("verifier-offline.html");
  const quotePackage = await packageEntries("packages/tdx-quote");
  await writeFile(join(directory, "mero-tee-tdx-quote.tgz"), await writeArchive(quotePackage, builtAt));
  await writeSbom(directory, "mero-verifier-sbom.spdx.json", "packages/tdx-quote", builtAt);
  const roots = ["packages/release-artifacts/src/sigstore/public-good-trusted-root.json"];
  const [sigstoreRoot = ""] = await Promise.all(roots.map(async (path) => sha256(await readFile(join(ROOT, path)))));
  await writeJson(directory, "verifier-build.json", {
    trust_roots: { intel_sgx_root_sha256: await intelRootDigest(), sigstore_trusted_root_sha256: sigstoreRoot },
    tested_with: { kms: "0.1.0", node: "0.1.0" },
  });
  return { directory, standIns };
}

async function intelRootDigest(): Promise<string> {
  const { INTEL_SGX_ROOT_CA } = await import("../../packages/tdx-quote/src/index.ts");
  return sha256(INTEL_SGX_ROOT_CA);
}

/** An archive of what was built; of a note that nothing was, where nothing was. */
async function archiveOf(
  built: string,
  name: string,
  builtAt: number,
): Promise<{ readonly content: Uint8Array; readonly standIns: readonly string[] }> {
  const path = join(ROOT, built);
  if (existsSync(path)) return { content: await writeArchive(await directoryEntries(path), builtAt), standIns: [] };
  const note = `${name}: a stand-in, since ${built} was not built before the rehearsal\n`;
  const entries = [{ name: "STAND-IN.txt", content: new TextEncoder().encode(note) }];
  return { content: await writeArchive(entries, builtAt), standIns: [`${name} (${built} was not built)`] };
}

async function directoryEntries(path: string): Promise<readonly ArchiveEntry[]> {
  const found = await readdir(path, { recursive: true, withFileTypes: true });
  const files = found
    .filter((each) => each.isFile())
    .map((each) => join(each.parentPath, each.name))
    .toSorted();
  return await Promise.all(
    files.map(async (file) => ({ name: file.slice(path.length + 1), content: await readFile(file) })),
  );
}

/** The files of a workspace package, in the folder that the registry's archives have. */
async function packageEntries(room: string): Promise<readonly ArchiveEntry[]> {
  const path = join(ROOT, room);
  const sources = await directoryEntries(join(path, "src"));
  const manifest = { name: "package/package.json", content: await readFile(join(path, "package.json")) };
  return [manifest, ...sources.map(({ name, content }) => ({ name: `package/src/${name}`, content }))];
}

/** A bill of materials over the declared dependencies of a room. Source: SPDX 2.3. */
async function writeSbom(directory: string, name: string, room: string, builtAt: number): Promise<void> {
  const manifest: { name?: string; dependencies?: Record<string, string> } = JSON.parse(
    await readFile(join(ROOT, room, "package.json"), "utf8"),
  );
  const packages = Object.entries(manifest.dependencies ?? {}).map(([dependency, versionInfo], index) => ({
    SPDXID: `SPDXRef-Package-${index}`,
    name: dependency,
    versionInfo,
    downloadLocation: "NOASSERTION",
  }));
  const created = new Date(builtAt * 1000).toISOString().replace(/\.\d+Z$/, "Z");
  await writeJson(directory, name, {
    spdxVersion: "SPDX-2.3",
    dataLicense: "CC0-1.0",
    SPDXID: "SPDXRef-DOCUMENT",
    name,
    documentNamespace: `https://github.com/calimero-network/mero-tee/sbom/${name}/${builtAt}`,
    creationInfo: { created, creators: ["Tool: mero-tee-rehearsal"] },
    packages,
  });
}

async function writeJson(directory: string, name: string, value: unknown): Promise<void> {
  await writeFile(join(directory, name), `${JSON.stringify(value, null, 2)}\n`);
}

function sha256(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}
