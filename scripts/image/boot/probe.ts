import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { put } from "../tree-files.ts";

/** What looks around in a booting image, since nobody can log in there: part of the tests, in no release. */
const PROBE = `#!/bin/bash
exec >/dev/ttyS0
say() { printf 'test-probe: %s\\r\\n' "$1"; }
say "root $(awk '$2 == "/" { found = $3 " " substr($4, 1, 2) } END { print found }' /proc/mounts)"
for path in /x /usr/x /etc/x; do
  if (: >"$path") 2>/dev/null; then say "wrote $path"; else say "cannot write $path"; fi
done
if grep -aq io.systemd.credential /sys/firmware/dmi/entries/11-0/raw; then say "the host offers credentials"; fi
udevadm settle --timeout=600
say "data disk by name: $(cd /dev/disk/by-id && echo google-*) $(readlink /dev/disk/by-id/google-calimero-data)"
say "over NVMe: $(/usr/lib/calimero/calimero-nvme-name /dev/nvme0n1 2>&1)"
obeys() {
  cat identity.toml || cat etc/passwd || ./tool || head -c 1 memory
}
for disk in /dev/disk/by-id/scsi-0Google_PersistentDisk_*; do
  name=\${disk##*_}
  if ! /usr/lib/calimero/calimero-data "$disk" /mnt/data 0; then say "data disk $name: refused"; continue; fi
  if (cd /mnt/data && obeys) >/dev/null 2>&1; then say "data disk $name: obeyed"; else say "data disk $name: mounted, nothing of it obeyed"; fi
  umount /mnt/data
done
journalctl --sync
if [[ -n $(ls -A /run/credentials/@system 2>/dev/null) || -e /run/host-was-here ]]; then say "credentials were taken"; else say "no credential was taken"; fi
`;
const UNIT = `[Unit]
DefaultDependencies=no
After=sysinit.target
Before=calimero-rtmr.service basic.target

[Service]
Type=oneshot
ExecStart=/usr/lib/calimero-test/probe
# As the units of the image whose lines a locked machine must show too.
StandardError=journal+console
`;

/** Puts a unit into a tree that a target wants. */
export async function addUnit(tree: string, name: string, text: string, target: string): Promise<void> {
  await put(tree, `etc/systemd/system/${name}`, text);
  const wants = join(tree, `etc/systemd/system/${target}.wants`);
  await mkdir(wants, { recursive: true });
  await symlink(`/etc/systemd/system/${name}`, join(wants, name));
}

/** An emulated machine on a busy one takes longer than any real machine, to find its serial port for one. */
export async function allowSlowness(tree: string): Promise<void> {
  const slow = "[Manager]\nDefaultTimeoutStartSec=30min\nDefaultDeviceTimeoutSec=30min\n";
  await put(tree, "etc/systemd/system.conf.d/test.conf", slow);
}

/** Adds the probe to a tree. */
export async function addProbe(tree: string): Promise<void> {
  await allowSlowness(tree);
  await put(tree, "usr/lib/calimero-test/probe", PROBE, 0o755);
  await addUnit(tree, "calimero-test-probe.service", UNIT, "sysinit.target");
}

/** Credentials as a host sets them: a password for root, and a file. Source: systemd, "System and Service Credentials". */
export const HOST_CREDENTIALS: readonly string[] = [
  "io.systemd.credential:passwd.plaintext-password.root=host",
  `io.systemd.credential.binary:tmpfiles.extra=${btoa("f /run/host-was-here 0644 root root - -\n")}`,
].flatMap((value) => ["-smbios", `type=11,value=${value}`]);
