import { existsSync } from "node:fs";
import { which } from "zx";
import type { Level } from "./level.ts";

/** What makes a tree. */
const FOR_TREES = {
  "ansible-playbook": "ansible",
  debootstrap: "debootstrap",
  "/usr/share/keyrings/debian-archive-keyring.gpg": "debian-archive-keyring",
  mount: "mount",
  python3: "python3",
} as const;

/** What makes a disk, and takes one apart. */
const FOR_DISKS = {
  "mkfs.erofs": "erofs-utils",
  veritysetup: "cryptsetup-bin",
  objcopy: "binutils",
  sfdisk: "fdisk",
  "mkfs.vfat": "dosfstools",
  mcopy: "mtools",
} as const;

/** Programs and files that a level needs, each with Debian's package that has it. */
const PROGRAMS: Readonly<Record<Level, Readonly<Record<string, string>>>> = {
  lint: {
    "ansible-lint": "ansible-lint",
    "ansible-playbook": "ansible",
    yamllint: "yamllint",
    shellcheck: "shellcheck",
    packer: "packer",
  },
  unit: { bash: "bash", curl: "curl", python3: "python3" },
  roles: FOR_TREES,
  image: { ...FOR_TREES, ...FOR_DISKS, "dpkg-deb": "dpkg", "/usr/sbin/sshd": "openssh-server", ssh: "openssh-client" },
  boot: {
    ...FOR_DISKS,
    ip: "iproute2",
    "qemu-system-x86_64": "qemu-system-x86",
    "/usr/share/OVMF/OVMF_CODE_4M.fd": "ovmf",
  },
};

/** Debian's packages with all that levels run. */
export function packagesOf(levels: readonly Level[]): readonly string[] {
  return [...new Set(levels.flatMap((level) => Object.values(PROGRAMS[level])))].toSorted();
}

/** Why a level cannot run here, with the command that changes it; null where it can. */
export async function missingFor(level: Level): Promise<string | null> {
  const missing: string[] = [];
  for (const [needed, name] of Object.entries(PROGRAMS[level])) {
    const isHere = needed.startsWith("/") ? existsSync(needed) : (await which(needed, { nothrow: true })) !== null;
    if (!isHere) missing.push(name);
  }
  if (missing.length > 0) return `get what is missing: apt-get install --no-install-recommends ${missing.join(" ")}`;
  return level !== "lint" && level !== "unit" && process.getuid?.() !== 0
    ? "needs root: it changes root into trees"
    : null;
}
