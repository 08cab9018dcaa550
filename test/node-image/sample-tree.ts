import { createHash } from "node:crypto";
import { chmod, cp, mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROLES = fileURLToPath(new URL("../../ansible/roles", import.meta.url));

const LOGIN_UNITS = [
  "getty@.service",
  "serial-getty@.service",
  "console-getty.service",
  "getty.target",
  "container-getty@.service",
  "autovt@.service",
] as const;
const RECOVERY_UNITS = [
  "emergency.service",
  "emergency.target",
  "rescue.service",
  "rescue.target",
  "debug-shell.service",
] as const;
const TMPFS = ["/tmp", "/var/log"] as const;
const PROGRAM = "a program\n";

/** The command line of a small locked image. */
export const COMMAND_LINE =
  "boot=calimero ro panic=-1 systemd.import_credentials=no calimero.role=node calimero.profile=locked-read-only";

/** What a locked image is expected to be, small enough to be read. */
export const LOCKED = {
  profile: "locked-read-only",
  is_test: false,
  ssh: false,
  console_login: false,
  recovery_shell: false,
  operator_groups: [] as readonly string[],
  privileged_files: [] as readonly string[],
  foreign_units: ["google-guest-agent.service", "apt-daily.timer"],
  fleet_sidecar: true,
  generators_masked: ["systemd-ssh-generator"],
  kernel_parameters: ["boot=calimero", "ro", "panic=-1", "systemd.import_credentials=no"],
  ports: { public: [80, 443, 2528], loopback: [2428, 3001, 8429, 9100] },
  tmpfs: TMPFS,
  programs: { merod: createHash("sha256").update(PROGRAM).digest("hex") },
} as const;

/** Writes a file of a tree, with the folders above it. */
export async function put(tree: string, path: string, text: string): Promise<void> {
  await mkdir(dirname(join(tree, path)), { recursive: true });
  await writeFile(join(tree, path), text);
}

/** Makes a link of a tree. */
export async function link(tree: string, path: string, target: string): Promise<void> {
  await mkdir(dirname(join(tree, path)), { recursive: true });
  await symlink(target, join(tree, path));
}

/** Writes a tree that a locked image may have: what the roles install, and as much of Debian as is judged. */
export async function writeLockedTree(tree: string): Promise<void> {
  const files = {
    "var/lib/dpkg/status":
      "Package: systemd\nStatus: install ok installed\n\nPackage: sudo\nStatus: deinstall ok config-files\n",
    "etc/shadow": "root:!*:20000:0:99999:7:::\nmerod:!:20000::::::\n",
    "etc/passwd": "root:x:0:0:root:/root:/usr/sbin/nologin\nmerod:x:990:990::/nonexistent:/usr/sbin/nologin\n",
    "etc/group": "root:x:0:\nsudo:x:27:\n",
    "etc/machine-id": "",
    "etc/fstab": TMPFS.map((path) => `tmpfs ${path} tmpfs mode=0755,nosuid,nodev,noexec 0 0\n`).join(""),
    "usr/lib/calimero/image-profile": "locked-read-only\n",
    "usr/lib/calimero/image-role": "node\n",
    "usr/lib/calimero/kernel-command-line": COMMAND_LINE,
    "usr/lib/x86_64-linux-gnu/systemd/libsystemd-core-257.so": "\0systemd.import_credentials\0",
    "usr/local/bin/merod": PROGRAM,
  };
  for (const [path, text] of Object.entries(files)) await put(tree, path, text);
  for (const path of ["root", "var/log", "var/cache", "var/lib/apt/lists", "tmp"]) {
    await mkdir(join(tree, path), { recursive: true });
  }
  await chmod(join(tree, "tmp"), 0o1777);
  await link(tree, "etc/resolv.conf", "/run/systemd/resolve/stub-resolv.conf");

  const installed = [
    ["kernel/files/scripts", "etc/initramfs-tools/scripts"],
    ["kernel/files/hooks", "etc/initramfs-tools/hooks"],
    ["kernel/files/initramfs.conf", "etc/initramfs-tools/conf.d/calimero.conf"],
    ["merotee/files/units", "etc/systemd/system"],
    ["ingress/files/traefik.service", "etc/systemd/system/traefik.service"],
    ["ingress/files/traefik.yml", "etc/traefik/traefik.yml"],
    ...["node_exporter", "vmagent", "vector"].map((name) => [
      `observability/files/${name}.service`,
      `etc/systemd/system/${name}.service`,
    ]),
    ...["rtmr", "data", "metadata", "init", "fleet"].map((name) => [
      `merotee/files/calimero-${name}`,
      `usr/lib/calimero/calimero-${name}`,
    ]),
  ];
  for (const [from = "", to = ""] of installed) await cp(join(ROLES, from), join(tree, to), { recursive: true });

  for (const unit of [...LOGIN_UNITS, ...RECOVERY_UNITS, "google-guest-agent.service"]) {
    await link(tree, `etc/systemd/system/${unit}`, "/dev/null");
  }
  await link(tree, "etc/systemd/system-generators/systemd-ssh-generator", "/dev/null");
  const needing = [
    "basic.target",
    "network-pre.target",
    "calimero-init.service",
    "merod.service",
    "mero-auth.service",
    "traefik.service",
  ];
  for (const unit of needing) {
    await link(
      tree,
      `etc/systemd/system/${unit}.requires/calimero-rtmr.service`,
      "/etc/systemd/system/calimero-rtmr.service",
    );
  }
  const wants = "etc/systemd/system/multi-user.target.wants/calimero-init.service";
  await link(tree, wants, "/etc/systemd/system/calimero-init.service");
}
