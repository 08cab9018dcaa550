import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import {
  type ArchiveEntry,
  DOCUMENT_SHAPES,
  parseDocument,
  writeArchive,
} from "../../packages/release-artifacts/src/index.ts";
import { INTEL_SGX_ROOT_CA } from "../../packages/tdx-quote/src/index.ts";
import { commitTime } from "../commit-time.ts";
import { pnpm } from "../package-manager.ts";
import { needed, Refusal, settle } from "../script-outcome.ts";

/**
 * `node scripts/release/verifier-files.ts --version X.Y.Z --out DIR [--catalog FILE] [--web DIR] [--api DIR]`: packs what the builds of the public verifier left
 * (the site, its functions, the page as one file), with an SBOM of what is inside and the roots that it trusts, for its lane. The newest
 * release of the catalog is what it was tested with. Times are that of the commit, or `SOURCE_DATE_EPOCH`; the same builds give the same bytes. Ends with 0,
 * 1 (a build is missing), 2 (usage) or 10 (the catalog has nothing to be tested with).
 */
const OPTIONS = {
  version: { type: "string" },
  out: { type: "string" },
  catalog: { type: "string", default: "compatibility-catalog.json" },
  web: { type: "string" },
  api: { type: "string" },
} as const;

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const API = "apps/verifier-api";
const SIGSTORE_ROOT = "packages/release-artifacts/src/sigstore/public-good-trusted-root.json";

async function main(): Promise<string> {
  const { values } = parseArgs({ options: OPTIONS });
  const [version, out] = [needed(values.version, "version"), needed(values.out, "out")];
  const builtAt = await commitTime("HEAD");
  const web = values.web ?? join(ROOT, "apps/attestation-verifier-web/dist");
  const testedWith = await newestTested(values.catalog);
  const [site, functions] = await Promise.all([
    entriesOf(join(web, "site")),
    Promise.all([entriesOf(values.api ?? join(ROOT, API, "dist"), "dist/"), entriesOf(join(ROOT, API, "api"), "api/")]),
  ]);
  const files: Readonly<Record<string, string | Uint8Array>> = {
    "mero-verifier-web.tar.gz": await writeArchive(site, builtAt),
    "mero-verifier-api.tar.gz": await writeArchive(
      [...functions.flat(), { name: "vercel.json", content: await readFile(join(ROOT, API, "vercel.json")) }],
      builtAt,
    ),
    "verifier-offline.html": await readFile(join(web, "single/verifier-offline.html")),
    "mero-verifier-sbom.spdx.json": await sbom(version, builtAt),
    "verifier-build.json": json({
      trust_roots: {
        intel_sgx_root_sha256: sha256(INTEL_SGX_ROOT_CA),
        sigstore_trusted_root_sha256: sha256(await readFile(join(ROOT, SIGSTORE_ROOT))),
      },
      tested_with: testedWith,
    }),
  };
  await mkdir(out, { recursive: true });
  for (const [name, content] of Object.entries(files)) await writeFile(join(out, name), content);
  return Object.entries(files)
    .map(([name, content]) => `${sha256(content)}  ${name}`)
    .join("\n");
}

/** The newest release that was tested and is not withdrawn: both lanes share its version. */
async function newestTested(path: string): Promise<{ readonly kms: string; readonly node: string }> {
  const catalog = parseDocument(path, await readFile(path), DOCUMENT_SHAPES.compatibilityCatalog);
  if (!catalog.ok) throw new Refusal(`${path} is no catalog`);
  const tested = catalog.value.value.releases.filter((entry) => entry.tested === true && entry.withdrawn === undefined);
  const newest = tested.at(-1)?.version;
  if (newest === undefined) throw new Refusal(`${path} lists no release that the verifier could have been tested with`);
  return { kms: newest, node: newest };
}

/** Every file below a directory, in one order everywhere. */
async function entriesOf(directory: string, prefix = ""): Promise<readonly ArchiveEntry[]> {
  const found = await readdir(directory, { recursive: true, withFileTypes: true });
  const names = found.flatMap((entry) => (entry.isFile() ? [join(entry.parentPath, entry.name)] : [])).toSorted();
  if (names.length === 0) throw new Error(`${directory} is empty: build it first`);
  return await Promise.all(
    names.map(async (path) => ({ name: prefix + path.slice(directory.length + 1), content: await readFile(path) })),
  );
}

/** What is inside, as the package manager resolved it. Source: SPDX 2.3; purl types, npm. */
async function sbom(version: string, builtAt: number): Promise<string> {
  const filters = ["--filter", "@mero-tee/attestation-verifier-web...", "--filter", "@mero-tee/verifier-api..."];
  const listed = await pnpm(["licenses", "list", "--prod", "--json", ...filters]);
  const byLicense: Readonly<
    Record<string, readonly { readonly name: string; readonly versions: readonly string[] }[]>
  > = JSON.parse(listed);
  const packages = Object.entries(byLicense)
    .flatMap(([license, each]) =>
      each.flatMap(({ name, versions }) => versions.map((of) => ({ name, version: of, license }))),
    )
    .toSorted((a, b) => (`${a.name}@${a.version}` < `${b.name}@${b.version}` ? -1 : 1));
  const digest = sha256(JSON.stringify(packages));
  return json({
    spdxVersion: "SPDX-2.3",
    dataLicense: "CC0-1.0",
    SPDXID: "SPDXRef-DOCUMENT",
    name: `mero-verifier-${version}`,
    documentNamespace: `https://spdx.org/spdxdocs/mero-verifier-${version}-${digest}`,
    creationInfo: {
      created: new Date(builtAt * 1000).toISOString().replace(".000Z", "Z"),
      creators: ["Tool: mero-tee-verifier-files"],
    },
    packages: packages.map(({ name, version: of, license }) => ({
      SPDXID: idOf(name, of),
      name,
      versionInfo: of,
      downloadLocation: "NOASSERTION",
      filesAnalyzed: false,
      licenseConcluded: "NOASSERTION",
      licenseDeclared: license,
      copyrightText: "NOASSERTION",
      externalRefs: [
        {
          referenceCategory: "PACKAGE-MANAGER",
          referenceType: "purl",
          referenceLocator: `pkg:npm/${name.replace("@", "%40")}@${of}`,
        },
      ],
    })),
    relationships: packages.map(({ name, version: of }) => ({
      spdxElementId: "SPDXRef-DOCUMENT",
      relationshipType: "DESCRIBES",
      relatedSpdxElement: idOf(name, of),
    })),
  });
}

// Letters, digits, dots and dashes are all that an identifier may have.
function idOf(name: string, version: string): string {
  return `SPDXRef-npm-${`${name}-${version}`.replaceAll(/[^A-Za-z0-9.-]/g, "-")}`;
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function sha256(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

await settle(main);
