import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { BASE, type BasePart, partFile } from "./base-parts.ts";

const LONGEST_MEMBER = 256 * 1024 * 1024;

/**
 * Fetches the parts that are not there yet: Debian's from a mirror, which need not be trusted, since what it gives is compared
 * with the lock.
 */
export async function fetchParts(directory: string, mirror: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  for (const part of BASE.parts) {
    if ((await heldPart(directory, part)) !== null) continue;
    if (part.kind === "npm") {
      await execa("npm", ["pack", "--prefer-offline", part.source, "--pack-destination", directory], {
        cwd: directory,
      });
      continue;
    }
    const url = `${mirror.replace(/\/$/, "")}/${part.source}`;
    const answer = await fetch(url);
    if (!answer.ok) throw new Error(`${url} answers ${answer.status}`);
    await writeFile(join(directory, partFile(part)), new Uint8Array(await answer.arrayBuffer()));
  }
}

async function heldPart(directory: string, part: BasePart): Promise<Buffer | null> {
  try {
    return await readFile(join(directory, partFile(part)));
  } catch {
    // Nothing there that could be read: whoever needs it says so.
    return null;
  }
}

/**
 * Takes the files of a part out of its package.
 *
 * @returns content by path in the image
 * @throws when the package is missing or is not the pinned one
 */
export async function takeMembers(directory: string, part: BasePart): Promise<ReadonlyMap<string, Uint8Array>> {
  const packed = await heldPart(directory, part);
  const sha256 = packed === null ? "missing" : createHash("sha256").update(packed).digest("hex");
  if (packed === null || sha256 !== part.sha256) {
    throw new Error(`${partFile(part)} is ${sha256}, pinned is ${part.sha256}`);
  }
  const file = join(directory, partFile(part));
  const options = { encoding: "buffer", maxBuffer: LONGEST_MEMBER, stripFinalNewline: false } as const;
  const archive = part.kind === "deb" ? (await execa("dpkg-deb", ["--fsys-tarfile", file], options)).stdout : null;
  const members = new Map<string, Uint8Array>();
  for (const [target, source] of Object.entries(part.members)) {
    const taken =
      archive === null
        ? await execa("tar", ["-xzO", "-f", file, source], options)
        : await execa("tar", ["-xO", "-f", "-", source], { ...options, input: archive });
    members.set(target, taken.stdout);
  }
  if (part.kind === "deb") {
    const control = await execa("dpkg-deb", ["--field", file], options);
    members.set(`var/lib/dpkg/status.d/${part.name}`, control.stdout);
  }
  return members;
}
