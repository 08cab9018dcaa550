import { appendFile, chmod, lstat, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Profile } from "../../packages/policy/src/index.ts";
import { put } from "./tree-files.ts";

/** A change of a finished tree that one check is there for. */
export interface TreeMutant {
  readonly name: string;
  /** Id of the check. */
  readonly check: string;
  /** What that check then says. */
  readonly says: string;
  readonly make: (tree: string) => Promise<void>;
}

const UNITS = "etc/systemd/system";

/** Removes what must be there, else the change would be none. */
async function remove(tree: string, path: string): Promise<void> {
  await lstat(join(tree, path));
  await rm(join(tree, path), { recursive: true });
}

/** Makes dpkg forget a package. */
async function dropPackage(tree: string, name: string): Promise<void> {
  const path = join(tree, "var/lib/dpkg/status");
  const entries = (await readFile(path, "utf8")).split("\n\n");
  await writeFile(path, entries.filter((entry) => !entry.startsWith(`Package: ${name}\n`)).join("\n\n"));
}

const EVERYWHERE: readonly TreeMutant[] = [
  {
    name: "initrd that may offer a shell",
    check: "initrd-scripts",
    says: "the initrd has no scripts/panic/calimero",
    make: async (tree) => await remove(tree, "etc/initramfs-tools/scripts/panic/calimero"),
  },
  {
    name: "second user with id 0",
    check: "accounts",
    says: "guest has user id 0",
    make: async (tree) => await appendFile(join(tree, "etc/passwd"), "guest:x:0:0::/:/usr/sbin/nologin\n"),
  },
  {
    name: "unit that takes code from metadata",
    check: "foreign-units",
    says: "google-metadata-runner.service is installed and not masked",
    make: async (tree) => await put(tree, "usr/lib/systemd/system/google-metadata-runner.service", "[Service]\n"),
  },
  {
    name: "SSH on a channel to the host",
    check: "host-credentials",
    says: "systemd-ssh-generator is not masked",
    make: async (tree) => await remove(tree, "etc/systemd/system-generators/systemd-ssh-generator"),
  },
  {
    name: "calimero-init that does not start",
    check: "units-enabled",
    says: "calimero-init.service is not enabled",
    make: async (tree) => await remove(tree, `${UNITS}/multi-user.target.wants/calimero-init.service`),
  },
  {
    name: "boot script that goes on",
    check: "boot-scripts",
    says: "/usr/lib/calimero/calimero-data goes on after a failure",
    make: async (tree) => await appendFile(join(tree, "usr/lib/calimero/calimero-data"), "mount x || true\n"),
  },
  {
    name: "another merod",
    check: "programs",
    says: "/usr/local/bin/merod is not the one of the lock file",
    make: async (tree) => await appendFile(join(tree, "usr/local/bin/merod"), "#\n"),
  },
  {
    name: "logs that are sent unasked",
    check: "observability-off",
    says: "vector.service is enabled",
    make: async (tree) =>
      await symlink(`/${UNITS}/vector.service`, join(tree, `${UNITS}/multi-user.target.wants/vector.service`)),
  },
  {
    name: "listener on every interface",
    check: "listeners",
    says: "extra.service listens on 0.0.0.0:2428",
    make: async (tree) => await put(tree, `${UNITS}/extra.service`, "[Service]\nExecStart=/x --listen 0.0.0.0:2428\n"),
  },
  {
    name: "set-uid file",
    check: "privileged-files",
    says: "/usr/bin/env is set-uid or set-gid",
    make: async (tree) => await chmod(join(tree, "usr/bin/env"), 0o4755),
  },
  {
    name: "disk of the host as root",
    check: "mounts",
    says: "/etc/fstab mounts /dev/sda1",
    make: async (tree) => await appendFile(join(tree, "etc/fstab"), "/dev/sda1 / ext4 rw 0 1\n"),
  },
  {
    name: "name server of the builder",
    check: "resolver",
    says: "/etc/resolv.conf is not the one of the run time",
    make: async (tree) => {
      await remove(tree, "etc/resolv.conf");
      await put(tree, "etc/resolv.conf", "nameserver 192.0.2.1\n");
    },
  },
  {
    name: "machine id that all machines share",
    check: "leftovers",
    says: "/etc/machine-id is set",
    make: async (tree) => {
      await remove(tree, "etc/machine-id");
      await put(tree, "etc/machine-id", `${"0123456789abcdef".repeat(2)}\n`);
    },
  },
  {
    name: "init of the host's choice",
    check: "command-line",
    says: "the command line has init=/bin/sh",
    make: async (tree) => await appendFile(join(tree, "usr/lib/calimero/kernel-command-line"), " init=/bin/sh"),
  },
  {
    name: "merod that runs unmeasured",
    check: "rtmr-first",
    says: "merod.service does not require calimero-rtmr.service",
    make: async (tree) => await remove(tree, `${UNITS}/merod.service.requires/calimero-rtmr.service`),
  },
];

const WITH_SSH: readonly TreeMutant[] = [
  {
    name: "SSH client that is gone",
    check: "ssh-packages",
    says: "openssh-client is not installed",
    make: async (tree) => await dropPackage(tree, "openssh-client"),
  },
  {
    name: "host key in the image",
    check: "ssh-configuration",
    says: "ssh_host_ed25519_key is in the image",
    make: async (tree) => await put(tree, "etc/ssh/ssh_host_ed25519_key", "a key\n"),
  },
];

const WITHOUT_SSH: readonly TreeMutant[] = [
  {
    name: "SSH",
    check: "ssh-packages",
    says: "/etc/ssh is there",
    make: async (tree) => await put(tree, "etc/ssh/sshd_config", "PermitRootLogin yes\n"),
  },
  {
    name: "host key in the image",
    check: "ssh-configuration",
    says: "ssh_host_ed25519_key is in the image",
    make: async (tree) => await put(tree, "etc/ssh/ssh_host_ed25519_key", "a key\n"),
  },
  {
    name: "network tool",
    check: "network-tools",
    says: "/usr/bin/socat is in the image",
    make: async (tree) => await put(tree, "usr/bin/socat", ""),
  },
];

const WITHOUT_CONSOLE: readonly TreeMutant[] = [
  {
    name: "fleet's helper as root",
    check: "fleet-sidecar",
    says: "fleet-sidecar.service has no User=fleet-sidecar",
    make: async (tree) => {
      await remove(tree, `${UNITS}/fleet-sidecar.service`);
      await put(
        tree,
        `${UNITS}/fleet-sidecar.service`,
        "[Unit]\nConditionPathExists=/usr/lib/calimero/fleet-url\n[Service]\nNoNewPrivileges=yes\nProtectSystem=strict\n",
      );
    },
  },
  {
    name: "login prompt",
    check: "login-units",
    says: "serial-getty@.service is not masked",
    make: async (tree) => await remove(tree, `${UNITS}/serial-getty@.service`),
  },
  {
    name: "rescue shell",
    check: "recovery-units",
    says: "rescue.service is not masked",
    make: async (tree) => await remove(tree, `${UNITS}/rescue.service`),
  },
];

const WITH_CONSOLE: readonly TreeMutant[] = [
  {
    name: "fleet's helper",
    check: "fleet-sidecar",
    says: "/usr/lib/calimero/calimero-fleet is in the image",
    make: async (tree) => await put(tree, "usr/lib/calimero/calimero-fleet", "#!/bin/sh\n"),
  },
  {
    name: "login prompt that is gone",
    check: "login-units",
    says: "no login prompt on ttyS0",
    make: async (tree) => await remove(tree, `${UNITS}/getty.target.wants/serial-getty@ttyS0.service`),
  },
];

/** Changes that a finished tree of a profile must not survive: one for each check that applies to it. */
export function treeMutants(profile: Profile): readonly TreeMutant[] {
  return [
    ...EVERYWHERE,
    ...(profile === "locked-read-only" ? WITHOUT_SSH : WITH_SSH),
    ...(profile === "debug" ? WITH_CONSOLE : WITHOUT_CONSOLE),
  ];
}
