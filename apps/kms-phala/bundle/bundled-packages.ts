import { readdir, readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { z } from "zod";

/** A package with code in the bundle. */
export interface BundledPackage {
  readonly name: string;
  readonly version: string;
  /** SPDX expression, as the package states it. */
  readonly license: string;
  readonly author: string | null;
  /** The text of its licence and notices; null where it ships none. */
  readonly licenseText: string | null;
}

const manifestSchema = z.looseObject({
  name: z.string(),
  version: z.string(),
  license: z.string(),
  author: z.union([z.string(), z.looseObject({ name: z.string() })]).optional(),
});

const LICENSE_FILE = /^(?:licen[cs]e|copying|notice)(?:\.(?:md|txt))?$/i;
const INSTALLED = "/node_modules/";

/**
 * Finds the packages from which modules come, each version once, by name. Modules of this workspace belong to none.
 *
 * @param modules - absolute paths
 * @throws when a package does not say who it is and under which licence
 */
export async function bundledPackages(modules: readonly string[]): Promise<readonly BundledPackage[]> {
  const folders = new Set(modules.filter((path) => path.includes(INSTALLED)).map(folderOf));
  const packages = await Promise.all([...folders].map(readPackage));
  const known = new Map(packages.map((each) => [`${each.name}@${each.version}`, each]));
  return [...known.keys()].toSorted().flatMap((key) => known.get(key) ?? []);
}

function folderOf(path: string): string {
  const start = path.lastIndexOf(INSTALLED) + INSTALLED.length;
  const [first = "", second = ""] = path.slice(start).split("/");
  return path.slice(0, start) + (first.startsWith("@") ? `${first}/${second}` : first);
}

async function readPackage(folder: string): Promise<BundledPackage> {
  const manifest = manifestSchema.safeParse(JSON.parse(await readFile(join(folder, "package.json"), "utf8")));
  if (!manifest.success) {
    throw new Error(`${basename(dirname(folder))}/${basename(folder)} does not state name, version and licence`);
  }
  const { name, version, license, author } = manifest.data;
  const files = (await readdir(folder)).filter((file) => LICENSE_FILE.test(file)).toSorted();
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), "utf8")));
  return {
    name,
    version,
    license,
    author: typeof author === "object" ? author.name : (author ?? null),
    licenseText: texts.length === 0 ? null : texts.map((text) => text.trim().replaceAll("\r\n", "\n")).join("\n\n"),
  };
}
