import { createHash } from "node:crypto";
import { chmod, mkdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { execa } from "execa";

/** Answers as far as the boot scripts talk to it; it stores nothing, and says what it is whenever it is asked. */
const MEROD = `#!/bin/sh
# A stand-in for merod, for tests: it has merod's command line as far as the boot scripts use it, and no other part of it.
[ "$1 $3" = '--home --node' ] || exit 2
config=$2/$4/config.toml
case $5 in
  init)
    shift 5
    printf '# merod stand-in: init %s\\n[identity]\\npeer_id = "12D3KooWStandin"\\nkeypair = "23jhStandin"\\n\\n[network]\\nlisten = []\\n' "$*" >"$config"
    ;;
  config)
    shift 5
    printf '# merod stand-in: config %s\\n' "$*" >>"$config"
    ;;
  run) exec sleep infinity ;;
  *) exit 2 ;;
esac
`;

/** What the image needs and a machine without the network cannot have; each program says that it is a stand-in. */
const ARCHIVES = [
  { name: "traefik", programs: ["traefik"] },
  { name: "node_exporter", programs: ["node_exporter"] },
  { name: "vmutils", programs: ["vmagent"] },
  { name: "vector", programs: ["vector"] },
  { name: "merod", programs: ["merod"] },
  { name: "meroctl", programs: ["meroctl"] },
  { name: "mero-auth", programs: ["mero-auth"] },
] as const;

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Text of the stand-in for a program. */
export function standIn(program: string): string {
  return program === "merod" ? MEROD : `#!/bin/sh\n# A stand-in for ${program}, for tests.\nexec sleep infinity\n`;
}

/**
 * Writes archives of stand-ins, where the role looks for downloads, and a lock file that pins them.
 *
 * @returns path of the lock file; the archives lie beside it
 */
export async function writeStandIns(folder: string): Promise<string> {
  const lock = [];
  await mkdir(folder, { recursive: true });
  for (const { name, programs } of ARCHIVES) {
    const extract = [];
    for (const program of programs) {
      const path = join(folder, program);
      await writeFile(path, standIn(program));
      await chmod(path, 0o755);
      await utimes(path, 0, 0);
      extract.push({ path: program, to: program, mode: "0755", sha256: sha256(await readFile(path)) });
    }
    const made = join(folder, `${name}.tar.gz`);
    await execa("tar", [
      "--owner=0",
      "--group=0",
      "--numeric-owner",
      "-C",
      folder,
      "-I",
      "gzip -n",
      "-cf",
      made,
      ...programs,
    ]);
    for (const program of programs) await rm(join(folder, program));
    const digest = sha256(await readFile(made));
    const archive = join(folder, `${name}-${digest}`);
    await rename(made, archive);
    const { size } = await stat(archive);
    lock.push({ name, version: "stand-in", url: pathToFileURL(archive).href, sha256: digest, size, extract });
  }
  const path = join(folder, "stand-ins.lock.json");
  await writeFile(path, `${JSON.stringify(lock, null, 2)}\n`);
  return path;
}
