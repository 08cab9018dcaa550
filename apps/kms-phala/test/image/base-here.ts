import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { fetchParts } from "../../image/part-store.ts";

const DIRECTORY = fileURLToPath(new URL("../../../../node_modules/.cache/mero-tee-image", import.meta.url));
const MIRROR = "http://deb.debian.org/debian";

async function provide(): Promise<string | null> {
  const isFit = process.platform === "linux" && process.arch === "x64" && existsSync("/usr/bin/dpkg-deb");
  const problem = isFit
    ? await fetchParts(DIRECTORY, MIRROR).then(
        () => null,
        (error: unknown) => (error instanceof Error ? error.message : String(error)),
      )
    : "this is no Debian on x64";
  if (problem === null) return DIRECTORY;
  // In CI a check that did not run has not passed.
  if (!["", "0", "false"].includes(process.env["CI"] ?? "")) throw new Error(problem);
  process.stderr.write(`skipped: tests of the image's root file system (${problem})\n`);
  return null;
}

/** Directory with the packages that the image is made of, or null where they cannot be had; that is said in one line. */
export const BASE_PARTS: string | null = await provide();

/** Whether a process may change its root directory here. */
export const MAY_CHROOT: boolean = process.getuid?.() === 0 && existsSync("/usr/sbin/chroot");
