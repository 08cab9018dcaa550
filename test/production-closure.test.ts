import { existsSync, globSync, readFileSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/**
 * What only tests may use: other verifiers and parsers, which are what this project is compared with, and the curve library beneath
 * them, whose signature check has had holes (GHSA-vjh7-7g9h-fjfh).
 */
const BARRED = ["elliptic", "@phala/dcap-qvl", "@phala/dcap-qvl-web", "@peculiar/x509"] as const;

type Dependencies = Readonly<Record<string, string>>;

interface Manifest {
  readonly name: string;
  readonly dependencies?: Dependencies;
  readonly optionalDependencies?: Dependencies;
  readonly peerDependencies?: Dependencies;
  readonly devDependencies?: Dependencies;
}

function readManifest(folder: string): Manifest {
  const manifest: Manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return manifest;
}

/** What a package needs at run time; peers too, as far as they are installed. */
function neededBy({
  dependencies,
  optionalDependencies,
  peerDependencies,
}: Manifest): readonly (Dependencies | undefined)[] {
  return [dependencies, optionalDependencies, peerDependencies];
}

/** The folder of a package that another one names, as Node finds it; null for an optional one that is not installed. */
function findPackage(from: string, name: string): string | null {
  for (let folder = from; folder !== dirname(folder); folder = dirname(folder)) {
    const candidate = join(folder, "node_modules", name);
    if (existsSync(join(candidate, "package.json"))) return realpathSync(candidate);
  }
  return null;
}

/** Names of all packages that a package needs to run, and of what these need, itself included. */
function closureOf(folder: string, first: readonly (Dependencies | undefined)[]): ReadonlySet<string> {
  const names = new Set<string>();
  const known = new Set<string>();
  const visit = (at: string, groups: readonly (Dependencies | undefined)[]): void => {
    if (known.has(at)) return;
    known.add(at);
    names.add(readManifest(at).name);
    for (const name of groups.flatMap((group) => Object.keys(group ?? {}))) {
      const found = findPackage(at, name);
      if (found === null) continue;
      visit(found, neededBy(readManifest(found)));
    }
  };
  visit(folder, first);
  return names;
}

const rooms = globSync("{packages,apps}/*/package.json", { cwd: ROOT }).map((file) => dirname(file));

describe("what the packages and apps need to run", () => {
  test.each(rooms)("has nothing in it for %s that only tests may use", (room) => {
    const folder = join(ROOT, room);
    const manifest = readManifest(folder);
    const closure = closureOf(folder, neededBy(manifest));
    for (const declared of Object.keys(manifest.dependencies ?? {})) expect(closure).toContain(declared);
    expect(BARRED.filter((barred) => closure.has(barred))).toEqual([]);
  });

  test("would have all of it if the tests of the simulator belonged to it", () => {
    const folder = join(ROOT, "packages/tee-simulator");
    const closure = closureOf(folder, [readManifest(folder).devDependencies]);
    expect(BARRED.filter((barred) => closure.has(barred))).toEqual(BARRED);
  });
});
