import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { nodeRtmr3, type Profile, PROFILES } from "../../packages/policy/src/index.ts";
import { writeArchive } from "../../packages/release-artifacts/src/index.ts";
import { INTEL_SGX_ROOT_CA } from "../../packages/tdx-quote/src/index.ts";
import { simulatedRootHash } from "../../packages/tee-simulator/src/index.ts";
import { imageFamily, imageName } from "../image/image-name.ts";

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
    const name = imageName(profile, version);
    await writeFile(join(directory, `${name}.stand-in.raw`), disk);
    await writeJson(directory, `image-${profile}.json`, {
      name,
      project: "rehearsal",
      family: imageFamily(profile),
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

/** The public verifier: what the builds of site and functions left, packed as its lane packs it. */
export async function buildVerifier({ directory, version, builtAt }: Build): Promise<BuildOutputs> {
  await mkdir(directory, { recursive: true });
  const isBuilt = ["apps/attestation-verifier-web/dist/site", "apps/verifier-api/dist"].every((path) =>
    existsSync(join(ROOT, path)),
  );
  if (!isBuilt) return await standInVerifier(directory, builtAt);
  await writeJson(directory, "tested-with.json", { schema_version: 1, releases: [catalogEntry("0.1.0")] });
  const packer = join(ROOT, "scripts/release/verifier-files.ts");
  const args = ["--version", version, "--out", directory, "--catalog", join(directory, "tested-with.json")];
  await execa(process.execPath, [packer, ...args], { env: { SOURCE_DATE_EPOCH: String(builtAt) } });
  return { directory, standIns: [] };
}

/** A release that the verifier could have been tested with. */
function catalogEntry(version: string): object {
  const [kmsTag, nodeTag] = [`mero-kms-v${version}`, `mero-tee-v${version}`];
  const releases = "https://github.com/calimero-network/mero-tee/releases/download";
  return {
    version,
    kms_tag: kmsTag,
    node_image_tag: nodeTag,
    kms_policy_url: `${releases}/${kmsTag}/kms-phala-attestation-policy.json`,
    node_policy_url: `${releases}/${nodeTag}/published-mrtds.json`,
    tested: true,
  };
}

/** Archives that say what they stand in for. */
async function standInVerifier(directory: string, builtAt: number): Promise<BuildOutputs> {
  for (const name of ["mero-verifier-web", "mero-verifier-api"]) {
    const note = `${name}: a stand-in, since pnpm build was not run before the rehearsal\n`;
    const entries = [{ name: "STAND-IN.txt", content: new TextEncoder().encode(note) }];
    await writeFile(join(directory, `${name}.tar.gz`), await writeArchive(entries, builtAt));
  }
  const page = "<!doctype html><title>stand-in of the offline verifier</title>\n";
  await writeFile(join(directory, "verifier-offline.html"), page);
  await writeSbom(directory, "mero-verifier-sbom.spdx.json", "packages/tdx-quote", builtAt);
  const sigstoreRoot = join(ROOT, "packages/release-artifacts/src/sigstore/public-good-trusted-root.json");
  await writeJson(directory, "verifier-build.json", {
    trust_roots: {
      intel_sgx_root_sha256: sha256(INTEL_SGX_ROOT_CA),
      sigstore_trusted_root_sha256: sha256(await readFile(sigstoreRoot)),
    },
    tested_with: { kms: "0.1.0", node: "0.1.0" },
  });
  return { directory, standIns: ["site, functions and page of the verifier (pnpm build was not run)"] };
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
