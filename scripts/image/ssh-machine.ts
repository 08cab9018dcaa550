import { createServer } from "node:net";
import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";

const SERVER = "/usr/sbin/sshd";
const ADDRESS = "127.0.0.1";

/** A tree that is reached as a machine is. */
export interface SshMachine extends AsyncDisposable {
  /** Variables of Ansible's connection to it. */
  readonly variables: Readonly<Record<string, string | number>>;
  /** Runs a script of bash on it. */
  readonly run: (script: string, args: readonly string[]) => Promise<void>;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, ADDRESS);
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port is free");
  return address.port;
}

async function newKey(path: string): Promise<string> {
  await execa("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", path]);
  return (await readFile(`${path}.pub`, "utf8")).trim();
}

/** Starts an SSH server on loopback that takes one key, made for it, and whose every session begins in the tree as its root. */
export async function startSshMachine(tree: string, folder: string): Promise<SshMachine> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const port = await freePort();
  const at = (name: string): string => join(folder, name);
  const [hostKey, ownKey] = [await newKey(at("host-key")), await newKey(at("own-key"))];
  await writeFile(at("known-hosts"), `[${ADDRESS}]:${port} ${hostKey}\n`);
  await writeFile(at("authorized-keys"), `${ownKey}\n`);
  const settings = [
    `ListenAddress ${ADDRESS}:${port}`,
    `HostKey ${at("host-key")}`,
    `AuthorizedKeysFile ${at("authorized-keys")}`,
    "PidFile none",
    "UsePAM no",
    "StrictModes no",
    "PermitRootLogin prohibit-password",
    "PasswordAuthentication no",
    "KbdInteractiveAuthentication no",
    `ForceCommand exec chroot ${tree} /bin/sh -c "$SSH_ORIGINAL_COMMAND"`,
  ];
  await writeFile(at("sshd.conf"), `${settings.join("\n")}\n`);
  await mkdir("/run/sshd", { recursive: true, mode: 0o755 });
  const server = execa(SERVER, ["-D", "-e", "-f", at("sshd.conf")], { reject: false, buffer: false });
  await once(server.stderr, "data");
  const options = [
    "-o",
    `UserKnownHostsFile=${at("known-hosts")}`,
    "-o",
    "StrictHostKeyChecking=yes",
    "-o",
    "IdentitiesOnly=yes",
  ];
  return {
    variables: {
      ansible_connection: "ssh",
      ansible_host: ADDRESS,
      ansible_port: port,
      ansible_user: "root",
      ansible_ssh_private_key_file: at("own-key"),
      ansible_ssh_common_args: options.join(" "),
    },
    run: async (script, args) => {
      const target = ["-p", String(port), "-i", at("own-key"), `root@${ADDRESS}`];
      await execa("ssh", [...options, ...target, "bash", "-s", "--", ...args], { input: script });
    },
    [Symbol.asyncDispose]: async () => {
      server.kill();
      await server;
    },
  };
}
