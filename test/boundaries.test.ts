import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { globSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const TURBO = join(ROOT, "node_modules/.bin/turbo");

/** The workspace without its sources: manifests and rules, so that one planted import is all there is to judge. */
let copy: string;

beforeEach(async () => {
  copy = await mkdtemp(join(tmpdir(), "mero-tee-boundaries-"));
  const manifests = globSync("{packages,apps}/*/{package,turbo}.json", { cwd: ROOT });
  for (const file of ["package.json", "pnpm-workspace.yaml", "pnpm-lock.yaml", "turbo.json", ...manifests]) {
    await mkdir(dirname(join(copy, file)), { recursive: true });
    await cp(join(ROOT, file), join(copy, file));
  }
  await execa("git", ["init", "-q", copy]);
});

afterEach(async () => {
  await rm(copy, { recursive: true, force: true });
});

async function plant(room: string, specifier: string, options: { declare?: "dependencies" | "devDependencies" } = {}) {
  await mkdir(join(copy, room, "src"), { recursive: true });
  await writeFile(
    join(copy, room, "src/planted.ts"),
    `import { x } from "${specifier}";\nexport const y: unknown = x;\n`,
  );
  if (options.declare === undefined) return;
  const manifestPath = join(copy, room, "package.json");
  const manifest: Record<string, Record<string, string>> = JSON.parse(await readFile(manifestPath, "utf8"));
  manifest[options.declare] = { ...manifest[options.declare], [specifier]: "workspace:*" };
  await writeFile(manifestPath, JSON.stringify(manifest));
}

async function boundaries() {
  const run = await execa(TURBO, ["boundaries"], {
    cwd: copy,
    reject: false,
    all: true,
    env: { TURBO_TELEMETRY_DISABLED: "1", CI: "1" },
  });
  return { exitCode: run.exitCode, output: run.all };
}

describe("the floors of the house", () => {
  test("the tree without a planted import passes", async () => {
    expect(await boundaries()).toMatchObject({ exitCode: 0 });
  });

  test.each([
    { room: "packages/tdx-quote", imports: "@mero-tee/kms-protocol", direction: "up from the ground" },
    { room: "packages/policy", imports: "@mero-tee/cli", direction: "up" },
    { room: "packages/kms-protocol", imports: "@mero-tee/kms-phala", direction: "up into an app" },
    { room: "packages/cli", imports: "@mero-tee/tee-simulator", direction: "sideways from the CLI into the simulator" },
    { room: "packages/tee-simulator", imports: "@mero-tee/kms-protocol", direction: "sideways out of the simulator" },
  ])("an import that goes $direction breaks the build", async ({ room, imports }) => {
    await plant(room, imports, { declare: "dependencies" });
    const { exitCode, output } = await boundaries();
    expect(exitCode).not.toBe(0);
    expect(output).toMatch(/without any tags listed in allowlist|denied|not allowed|allowlist/);
  });

  test("a forbidden development dependency breaks the build too", async () => {
    await plant("packages/tdx-quote", "@mero-tee/tee-simulator", { declare: "devDependencies" });
    expect((await boundaries()).exitCode).not.toBe(0);
  });

  test("an import that the manifest does not declare breaks the build", async () => {
    await plant("packages/policy", "@mero-tee/cli");
    const { exitCode, output } = await boundaries();
    expect(exitCode).not.toBe(0);
    expect(output).toContain("because it is not a");
  });

  test("a relative path that leaves its package breaks the build", async () => {
    await plant("packages/policy", "../../tdx-quote/src/quote.ts");
    const { exitCode, output } = await boundaries();
    expect(exitCode).not.toBe(0);
    expect(output).toContain("leaves the package");
  });
});
