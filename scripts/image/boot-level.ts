import { existsSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { bootRefusals } from "./boot/refusals.ts";
import { imageFolder } from "./image-level.ts";
import { finding, type Finding, type LevelRequest } from "./level.ts";

const WHOLE_BOOT = fileURLToPath(new URL("boot/whole-boot.ts", import.meta.url));

/** A boot to the end, in a network namespace of its own. */
async function wholeBoot(disk: string, folder: string): Promise<readonly Finding[]> {
  const args = ["--net", process.execPath, WHOLE_BOOT, "--disk", disk, "--folder", folder];
  const { exitCode, stdout, stderr } = await execa("unshare", args, { reject: false });
  if (exitCode === 0) return JSON.parse(stdout);
  return [finding("boots to its end", "debug", { problems: [stderr], seconds: 0 })];
}

/** Boots the disks that the level before this one left, under emulation, and reads their serial consoles. */
export async function* bootLevel({ profiles, work }: LevelRequest): AsyncGenerator<Finding> {
  for (const profile of profiles) {
    const disk = join(imageFolder(work, profile), "disk.raw");
    if (!existsSync(disk)) {
      yield finding("there is a disk", profile, { problems: [`no ${disk}: --level image makes it`], seconds: 0 });
      continue;
    }
    const folder = join(work, `boot-${profile}`);
    try {
      await mkdir(folder, { recursive: true });
      yield* bootRefusals(profile, disk, folder);
      // The one profile in which stand-ins may be more than programs.
      if (profile === "debug") yield* await wholeBoot(disk, folder);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
}
