import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { BASE } from "../../image/base-parts.ts";
import { fetchParts } from "../../image/part-store.ts";

const DIRECTORY = fileURLToPath(new URL("../../../../node_modules/.cache/mero-tee-image", import.meta.url));
const MIRROR = "http://deb.debian.org/debian";

/** Lets apt fetch what it knows, in whatever way it is set up to; a mirror has the rest. */
async function fetchWithApt(): Promise<void> {
  const named = BASE.parts.flatMap(({ kind, name, version }) => (kind === "deb" ? [`${name}=${version}`] : []));
  await execa("apt-get", ["download", ...named], { cwd: DIRECTORY, reject: false });
}

async function fetchAll(): Promise<void> {
  await mkdir(DIRECTORY, { recursive: true });
  try {
    await fetchParts(DIRECTORY, MIRROR);
  } catch {
    // No way to the mirror but through apt, perhaps; the second failure is the one that is told.
    if (process.getuid?.() === 0) await execa("apt-get", ["-qq", "update"], { reject: false });
    await fetchWithApt();
    await fetchParts(DIRECTORY, MIRROR);
  }
}

async function provide(): Promise<string | null> {
  const isFit = process.platform === "linux" && process.arch === "x64" && existsSync("/usr/bin/dpkg-deb");
  const problem = isFit
    ? await fetchAll().then(
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
