import { chmod, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { debianProgram } from "../debian-program.ts";
import { COMMAND_LINE, link, LOCKED, put, writeLockedTree } from "./sample-tree.ts";

/** The judge of finished trees, on a small tree of its own: each thing that is changed in it must fail the check that is for it. */
const SCRIPT = fileURLToPath(new URL("../../ansible/roles/conformance/files/conformance.py", import.meta.url));

const PYTHON = await debianProgram("python3");

let tree: string;
beforeEach(async () => {
  tree = await mkdtemp(join(tmpdir(), "tree-"));
  await writeLockedTree(tree);
});
afterEach(async () => {
  await rm(tree, { recursive: true });
});

/** What fails, as `check: detail`. */
async function failures(expected: Readonly<Record<string, unknown>> = LOCKED): Promise<readonly string[]> {
  const { stdout } = await execa(PYTHON ?? "python3", [SCRIPT, tree, JSON.stringify(expected)]);
  const report: unknown = JSON.parse(stdout);
  expect(report).toMatchObject({ schema_version: 1, profile: expected["profile"] });
  const failed = /\{"id": "(?<id>[^"]+)", "requirement": "R\d", "status": "failed", "detail": "(?<detail>[^"]+)"\}/g;
  return [...stdout.matchAll(failed)].map((match) => `${match.groups?.["id"]}: ${match.groups?.["detail"]}`);
}

const UNIT = "etc/systemd/system";
const SSHD = "PermitRootLogin no\nPasswordAuthentication no\nPermitEmptyPasswords no\n";
const DEBUG_READ_ONLY = { ...LOCKED, ssh: true };

/** Adds what a profile with SSH has. */
async function addSsh(): Promise<void> {
  const installed = ["openssh-server", "openssh-client"].map(
    (name) => `Package: ${name}\nStatus: install ok installed\n`,
  );
  await put(tree, "var/lib/dpkg/status", installed.join("\n"));
  await put(tree, "etc/ssh/sshd_config.d/10-calimero.conf", SSHD);
  await put(tree, "etc/shadow", "root:!:1::::::\noperator:!:1::::::\n");
  await put(tree, "etc/passwd", "root:x:0:0::/root:/usr/sbin/nologin\noperator:x:1000:37::/home/operator:/bin/bash\n");
}

describe.skipIf(PYTHON === null)("a tree", () => {
  test("that a locked image may have passes every check", async () => {
    expect(await failures()).toEqual([]);
  });

  test("with SSH passes where the profile has it, and fails where it has not", async () => {
    await addSsh();
    expect(await failures(DEBUG_READ_ONLY)).toEqual([]);
    expect(await failures()).toEqual([
      "ssh-packages: openssh-client is installed; openssh-server is installed; /etc/ssh is there",
      "accounts: operator has the shell /bin/bash",
    ]);
  });

  test.each([
    {
      path: "etc/ssh/sshd_config.d/00-first.conf",
      text: "PermitRootLogin yes\n",
      check: "ssh-configuration: PermitRootLogin is not no",
    },
    {
      path: "etc/ssh/sshd_config.d/10-calimero.conf",
      text: "",
      check:
        "ssh-configuration: PermitRootLogin is not no; PasswordAuthentication is not no; PermitEmptyPasswords is not no",
    },
    {
      path: "etc/ssh/ssh_host_ed25519_key",
      text: "x",
      check: "ssh-configuration: ssh_host_ed25519_key is in the image",
    },
    { path: "etc/sudoers.d/operator", text: "x", check: "accounts: /etc/sudoers.d has operator" },
    { path: "etc/group", text: "sudo:x:27:operator\n", check: "accounts: operator may become root" },
  ])("with SSH fails with another $path", async ({ path, text, check }) => {
    await addSsh();
    await put(tree, path, text);
    expect(await failures(DEBUG_READ_ONLY)).toEqual([check]);
  });

  test.each([
    { path: "etc/ssh/ssh_config", text: "", check: "ssh-packages: /etc/ssh is there" },
    { path: "usr/bin/socat", text: "", check: "network-tools: /usr/bin/socat is in the image" },
    {
      path: "etc/shadow",
      text: "root:$y$j9T$abc:1::::::\n",
      check: "accounts: root has a password hash or none is needed",
    },
    { path: "etc/shadow", text: "root::1::::::\n", check: "accounts: root has a password hash or none is needed" },
    { path: "etc/passwd", text: "root:x:0:0::/root:/bin/bash\n", check: "accounts: root has the shell /bin/bash" },
    {
      path: "etc/passwd",
      text: "root:x:0:0::/:/usr/sbin/nologin\nguest:x:0:0::/:/usr/sbin/nologin\n",
      check: "accounts: guest has user id 0",
    },
    {
      path: "usr/lib/systemd/system/apt-daily.timer",
      text: "",
      check: "foreign-units: apt-daily.timer is installed and not masked",
    },
    {
      path: "usr/lib/systemd/system/google-new-agent.service",
      text: "",
      check: "foreign-units: google-new-agent.service is installed and not masked",
    },
    {
      path: "usr/lib/systemd/system/cloud-init.service",
      text: "",
      check: "foreign-units: cloud-init.service is installed and not masked",
    },
    {
      path: `${UNIT}/rescue.service.d/own.conf`,
      text: "",
      check: "recovery-units: rescue.service is masked and has a drop-in",
    },
    {
      path: "usr/local/bin/merod",
      text: "another",
      check: "programs: /usr/local/bin/merod is not the one of the lock file",
    },
    { path: "usr/local/bin/helper", text: "", check: "programs: /usr/local/bin/helper is in no lock file" },
    { path: "etc/machine-id", text: "0123456789abcdef0123456789abcdef\n", check: "leftovers: /etc/machine-id is set" },
    {
      path: "var/lib/systemd/random-seed",
      text: "x",
      check: "leftovers: /var/lib/systemd/random-seed is in the image",
    },
    { path: "var/log/dpkg.log", text: "x", check: "leftovers: /var/log/dpkg.log is in the image" },
    { path: "var/lib/apt/lists/lock", text: "", check: "leftovers: /var/lib/apt/lists/lock is in the image" },
    { path: "etc/shadow-", text: "", check: "leftovers: /etc/shadow- is in the image" },
    { path: "usr/lib/x/__pycache__/a.pyc", text: "", check: "leftovers: /usr/lib/x/__pycache__ is in the image" },
    {
      path: "etc/fstab",
      text: "/dev/sda1 / ext4 rw 0 1\n",
      check: "mounts: /etc/fstab mounts /dev/sda1; /tmp is not in memory; /var/log is not in memory",
    },
    {
      path: "usr/lib/calimero/image-profile",
      text: "debug\n",
      check: "command-line: /usr/lib/calimero/image-profile is not locked-read-only",
    },
    {
      path: "usr/lib/calimero/kernel-command-line",
      text: COMMAND_LINE.replace(" panic=-1", ""),
      check: "command-line: the command line has panic=-1 0 times",
    },
    {
      path: "usr/lib/calimero/kernel-command-line",
      text: `${COMMAND_LINE} init=/bin/sh`,
      check: "command-line: the command line has init=/bin/sh",
    },
    {
      path: "usr/lib/calimero/kernel-command-line",
      text: `${COMMAND_LINE} calimero.test=1`,
      check: "command-line: the command line has calimero.test=1",
    },
    {
      path: "etc/initramfs-tools/conf.d/calimero.conf",
      text: "MODULES=most\n",
      check: "initrd-scripts: the initrd takes modules that are on no list",
    },
    {
      path: "etc/traefik/traefik.yml",
      text: 'entryPoints:\n  traefik:\n    address: ":8080"\napi:\n  dashboard: true\n',
      check: "listeners: traefik.yml listens on :8080; Traefik shows its dashboard",
    },
    {
      path: `${UNIT}/extra.service`,
      text: "[Service]\nExecStart=/x --listen 0.0.0.0:2428\n",
      check: "listeners: extra.service listens on 0.0.0.0:2428",
    },
    {
      path: "usr/lib/calimero/calimero-data",
      text: "curl https://example.com/x\n",
      check: "boot-scripts: /usr/lib/calimero/calimero-data fetches from elsewhere than the metadata server",
    },
    {
      path: "usr/lib/calimero/calimero-data",
      text: 'eval "$1"\n',
      check: "boot-scripts: /usr/lib/calimero/calimero-data has eval",
    },
    {
      path: "usr/lib/calimero/calimero-data",
      text: "mount x || true\n",
      check: "boot-scripts: /usr/lib/calimero/calimero-data goes on after a failure",
    },
    {
      path: `${UNIT}/vector.service`,
      text: "[Service]\nExecStart=/x\n",
      check: "observability-off: vector.service does not look for its endpoint",
    },
  ])("with another $path fails ($check)", async ({ path, text, check }) => {
    await put(tree, path, text);
    expect(await failures()).toEqual([check]);
  });

  test.each([
    { path: `${UNIT}/serial-getty@.service`, check: "login-units: serial-getty@.service is not masked" },
    { path: `${UNIT}/emergency.target`, check: "recovery-units: emergency.target is not masked" },
    {
      path: `${UNIT}/multi-user.target.wants/calimero-init.service`,
      check: "units-enabled: calimero-init.service is not enabled",
    },
    {
      path: `${UNIT}/merod.service.requires`,
      check: "rtmr-first: merod.service does not require calimero-rtmr.service",
    },
    { path: "etc/initramfs-tools/scripts/panic", check: "initrd-scripts: the initrd has no scripts/panic/calimero" },
    { path: "usr/local/bin/merod", check: "programs: /usr/local/bin/merod is missing" },
    { path: "etc/resolv.conf", check: "resolver: /etc/resolv.conf is not the one of the run time" },
    { path: "usr/lib/calimero/calimero-rtmr", check: "boot-scripts: /usr/lib/calimero/calimero-rtmr is missing" },
  ])("without $path fails", async ({ path, check }) => {
    await rm(join(tree, path), { recursive: true });
    expect(await failures()).toEqual([check]);
  });

  test.each([
    { mode: 0o4755, check: "privileged-files: /usr/bin/new is set-uid or set-gid" },
    { mode: 0o2755, check: "privileged-files: /usr/bin/new is set-uid or set-gid" },
    { mode: 0o666, check: "privileged-files: /usr/bin/new is writable by everybody" },
  ])("with a file of mode $mode fails", async ({ mode, check }) => {
    await put(tree, "usr/bin/new", "");
    await chmod(join(tree, "usr/bin/new"), mode);
    expect(await failures()).toEqual([check]);
  });

  test("with a set-uid file passes where the profile lists it", async () => {
    await put(tree, "usr/bin/new", "");
    await chmod(join(tree, "usr/bin/new"), 0o4755);
    expect(await failures({ ...LOCKED, privileged_files: ["/usr/bin/new"] })).toEqual([]);
  });

  test("with observability enabled fails", async () => {
    await link(tree, `${UNIT}/multi-user.target.wants/vmagent.service`, "/etc/systemd/system/vmagent.service");
    expect(await failures()).toEqual(["observability-off: vmagent.service is enabled"]);
  });

  test("whose RTMR3 step does not power off fails", async () => {
    await put(
      tree,
      `${UNIT}/calimero-rtmr.service`,
      "DefaultDependencies=no\nPrivateNetwork=yes\nProtectSystem=strict\n",
    );
    expect(await failures()).toEqual(["rtmr-first: calimero-rtmr.service has no FailureAction=poweroff-force"]);
  });

  test.each([
    { name: "that leaves the word out", words: [] },
    { name: "that says yes", words: ["systemd.import_credentials=yes"] },
    { name: "that says it twice", words: ["systemd.import_credentials=no", "systemd.import_credentials=1"] },
    {
      name: "with a credential of its own",
      words: ["systemd.import_credentials=no", "systemd.set_credential=passwd.plaintext-password.root:x"],
    },
  ])("takes no credentials of the host, in a profile either: a command line $name fails", async ({ words }) => {
    const parameters = ["boot=calimero", "ro", "panic=-1", ...words];
    const line = [...parameters, "calimero.role=node", "calimero.profile=locked-read-only"].join(" ");
    await put(tree, "usr/lib/calimero/kernel-command-line", line);
    expect(await failures({ ...LOCKED, kernel_parameters: parameters })).toEqual([
      "host-credentials: the command line does not keep credentials of the host out",
    ]);
  });

  test.each([
    {
      path: "usr/lib/x86_64-linux-gnu/systemd/libsystemd-core-257.so",
      check: "host-credentials: systemd does not know systemd.import_credentials",
    },
    {
      path: "etc/systemd/system-generators/systemd-ssh-generator",
      check: "host-credentials: systemd-ssh-generator is not masked",
    },
    {
      path: "etc/credstore/passwd.hashed-password.root",
      check: "host-credentials: /etc/credstore/passwd.hashed-password.root is a credential",
    },
  ])("with $path changed fails: $check", async ({ path, check }) => {
    await rm(join(tree, path), { force: true });
    await put(tree, path, "another");
    expect(await failures()).toEqual([check]);
  });

  test.each([
    { line: "User=fleet-sidecar", by: "User=root", check: "fleet-sidecar.service has no User=fleet-sidecar" },
    {
      line: "ConditionPathExists=/usr/lib/calimero/fleet-url",
      by: "",
      check: "fleet-sidecar.service has no ConditionPathExists=/usr/lib/calimero/fleet-url",
    },
  ])("whose fleet-sidecar has another line than $line fails", async ({ line, by, check }) => {
    const path = `${UNIT}/fleet-sidecar.service`;
    await put(tree, path, (await readFile(join(tree, path), "utf8")).replace(line, by));
    expect(await failures()).toEqual([`fleet-sidecar: ${check}`]);
  });

  test("with the address of a fleet passes, and fails with one that is none", async () => {
    await put(tree, "usr/lib/calimero/fleet-url", "https://fleet.example.com/join\n");
    expect(await failures()).toEqual([]);
    await put(tree, "usr/lib/calimero/fleet-url", "http://fleet.example.com/join\n");
    expect(await failures()).toEqual(["fleet-sidecar: /usr/lib/calimero/fleet-url is no https address"]);
  });

  test("of the profile without a fleet fails with its unit and script", async () => {
    expect(await failures({ ...LOCKED, fleet_sidecar: false })).toEqual([
      `fleet-sidecar: /${UNIT}/fleet-sidecar.service is in the image; /usr/lib/calimero/calimero-fleet is in the image`,
    ]);
  });

  test("of a profile with a login prompt fails without one", async () => {
    expect(await failures({ ...LOCKED, console_login: true })).toEqual(["login-units: no login prompt on ttyS0"]);
  });
});
