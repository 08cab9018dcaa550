import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";

const REPOSITORY = fileURLToPath(new URL("../../../..", import.meta.url));
const PARTS = [
  "LICENSE-APACHE",
  "LICENSE-MIT",
  "package.json",
  "tsconfig.base.json",
  "tsconfig.isomorphic.json",
  "tsconfig.node.json",
  "packages",
  "node_modules",
];

/** Another checkout of the same sources, with what they need installed, somewhere else. */
export interface OtherDirectory {
  readonly path: string;
  remove(): Promise<void>;
}

async function copy(from: string, to: string): Promise<void> {
  const linked = await execa("cp", ["-al", from, to], { reject: false });
  if (linked.exitCode !== 0) await execa("cp", ["-a", from, to]);
}

/** Copies the workspace: linked where the disk allows it, since what is installed is large. */
export async function copyWorkspace(): Promise<OtherDirectory> {
  const folder = await mkdtemp(join(tmpdir(), "kms-elsewhere-"));
  const path = join(folder, "another", "place");
  await mkdir(join(path, "apps"), { recursive: true });
  for (const part of PARTS) await copy(join(REPOSITORY, part), path);
  await copy(join(REPOSITORY, "apps/kms-phala"), join(path, "apps"));
  return { path, remove: () => rm(folder, { recursive: true, force: true }) };
}
