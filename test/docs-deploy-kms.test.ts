import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { blocksOf, codeOf, readPage, ROOT, rowsOf } from "./markdown.ts";

const page = readPage("docs/deploy-kms.md");
const COMMAND = "$ npx --yes pnpm@10 --silent kms-compose ";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "mero-tee-deploy-"));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

/** What the page shows of the command: its arguments, and what it prints. */
const shown = blocksOf(page, "console").map((block) => {
  if (!block.startsWith(COMMAND)) throw new Error(`another command: ${block}`);
  const lines = block.slice(COMMAND.length).replaceAll("\\\n", " ").split("\n");
  return { args: (lines[0] ?? "").split(/\s+/), output: lines.slice(1).join("\n").trimEnd() };
});

async function run(index: number): Promise<{ readonly printed: string; readonly exitCode: number | undefined }> {
  const script = join(ROOT, "scripts/phala/compose.ts");
  const { all, exitCode } = await execa(process.execPath, [script, ...(shown[index]?.args ?? [])], {
    cwd: folder,
    reject: false,
    all: true,
  });
  return { printed: all, exitCode };
}

describe("docs/deploy-kms.md", () => {
  test("shows what the command prints when it makes a composition, reads it back, and refuses a changed one", async () => {
    expect(shown).toHaveLength(3);
    expect(await run(0)).toEqual({ printed: shown[0]?.output, exitCode: 0 });

    await cp(join(folder, "deployment/app-compose.json"), join(folder, "app-compose.json"));
    expect(await run(1)).toEqual({ printed: shown[1]?.output, exitCode: 0 });

    const members: Record<string, unknown> = JSON.parse(await readFile(join(folder, "app-compose.json"), "utf8"));
    const changes = { allowed_envs: ["REDIS_URL", "LOG_LEVEL"], pre_launch_script: "true" };
    await writeFile(join(folder, "changed.json"), JSON.stringify({ ...members, ...changes }));
    expect(await run(2)).toEqual({ printed: shown[2]?.output, exitCode: 10 });
  });

  test("has the fields of provisioning that the command gives", async () => {
    const args = [...(shown[0]?.args ?? []), "--dry-run", "--json"];
    const { stdout } = await execa(process.execPath, [join(ROOT, "scripts/phala/compose.ts"), ...args], {
      cwd: folder,
    });
    const { provisioning }: { provisioning: Record<string, unknown> } = JSON.parse(stdout);
    const rows = rowsOf(page.slice(page.indexOf("## 4. Deploy"))).map((cells) => cells.map((cell) => codeOf(cell)[0]));
    expect(Object.fromEntries(rows)).toEqual({
      ...Object.fromEntries(Object.entries(provisioning).map(([field, value]) => [field, String(value)])),
      instance_type: "tdx.small",
    });
  });

  test("names files that are there, and what bundling writes", async () => {
    for (const file of ["apps/kms-phala/image/base.lock.json", "scripts/phala/kms-compose-template.yaml"]) {
      expect(page).toContain(file);
      expect((await readFile(join(ROOT, file))).length).toBeGreaterThan(0);
    }
    const [listed = ""] = blocksOf(page, "text");
    const source = await readFile(join(ROOT, "apps/kms-phala/bundle/release-files.ts"), "utf8");
    const names = listed.split("\n").flatMap((line) => line.split("  ")[1] ?? []);
    expect(names).toHaveLength(4);
    for (const name of names.slice(2)) expect(source).toContain(`"${name}"`);
  });
});
