import { chmod, copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { standIn } from "../stand-ins.ts";
import { put } from "../tree-files.ts";
import { addUnit, allowSlowness } from "./probe.ts";

const CLI = fileURLToPath(new URL("../../../packages/cli", import.meta.url));
const FOLDER = "usr/lib/calimero-test";

/** What the stand-in for merod needs to know of the simulated platform and of its KMS; all of it is public. */
export interface StandInTrust {
  /** Certificates of the authority that the KMS's certificate is from, PEM. */
  readonly tlsAuthority: string;
  /** Root of the simulated platform, PEM. */
  readonly rootCa: string;
  /** Policy that the KMS is judged by, in place of the one of a signed release. */
  readonly policy: string;
  /** Where the simulated platform quotes. */
  readonly simulatorUrl: string;
  /** Name of the KMS, and its address. */
  readonly host: { readonly name: string; readonly address: string };
}

/** A file in place of the register that a TDX machine has: it keeps what is written to it, and extends nothing. */
const RTMR_UNIT = `[Unit]
Description=Stand-in for RTMR3 (test)
DefaultDependencies=no
After=sysinit.target
Before=calimero-rtmr.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/bin/mount -t tmpfs tmpfs /sys/class/misc
ExecStart=/usr/bin/mkdir -p /sys/class/misc/tdx_guest/measurements
ExecStart=/usr/bin/dd if=/dev/zero of=/sys/class/misc/tdx_guest/measurements/rtmr3:sha384 bs=48 count=1 status=none
`;

/** Where merod would store, this asks the KMS of its configuration for the key, by the project's own client, and says what it got. */
function merodRun(simulatorUrl: string): string {
  return `#!/bin/bash
# A stand-in for the part of merod that asks a KMS for its key, for tests: the key is fetched, shown as a fingerprint and forgotten.
url=$(sed -n '/^\\[tee.kms.phala\\]$/,$ s/^url = "\\(.*\\)"$/\\1/p' "$1")
printf '%064x\\n' 7 >"\${1%/*}/seed"
cd /${FOLDER} || exit 1
export NODE_EXTRA_CA_CERTS=tls-authority.pem HOME=/nonexistent
./node mero-tee.mjs kms get-key "$url" --identity "\${1%/*}/seed" --simulator ${simulatorUrl} --profile debug \\
  --policy policy.json --root-ca root-ca.pem --wire wrapped 2>&1 | sed 's/^/test-merod: /'
exec sleep infinity
`;
}

/** The project's own client, as one file. */
async function bundleClient(): Promise<string> {
  const built = await build({
    configFile: false,
    envDir: false,
    logLevel: "error",
    root: CLI,
    mode: "production",
    ssr: { noExternal: true, target: "node" },
    build: {
      ssr: "src/main.ts",
      target: "node24",
      write: false,
      rolldownOptions: { output: { format: "es", codeSplitting: false } },
    },
  });
  const [result] = Array.isArray(built) ? built : [built];
  if (result === undefined || !("output" in result)) throw new Error("the bundler gave no output");
  return result.output[0].code;
}

/** Makes a finished debug tree one that runs to the end without TDX: with stand-ins for RTMR3 and for merod, each named as such. */
export async function addStandInNode(tree: string, trust: StandInTrust): Promise<void> {
  const { tlsAuthority, rootCa, policy, simulatorUrl, host } = trust;
  await addUnit(tree, "calimero-test-rtmr.service", RTMR_UNIT, "sysinit.target");
  await mkdir(join(tree, FOLDER), { recursive: true });
  await copyFile(process.execPath, join(tree, FOLDER, "node"));
  await chmod(join(tree, FOLDER, "node"), 0o755);
  await put(tree, `${FOLDER}/mero-tee.mjs`, await bundleClient());
  await put(tree, `${FOLDER}/tls-authority.pem`, tlsAuthority);
  await put(tree, `${FOLDER}/root-ca.pem`, rootCa);
  await put(tree, `${FOLDER}/policy.json`, policy);
  await put(tree, `${FOLDER}/merod-run`, merodRun(simulatorUrl), 0o755);
  const merod = standIn("merod").replace(
    "run) exec sleep infinity ;;",
    `run) exec /${FOLDER}/merod-run "$2/$4/config.toml" ;;`,
  );
  await put(tree, "usr/local/bin/merod", merod, 0o755);
  // QEMU's disks over NVMe say no name, where Compute Engine's do.
  await put(tree, "usr/lib/calimero/calimero-nvme-name", "#!/bin/sh\necho calimero-data\n", 0o755);
  await put(tree, "etc/systemd/system/merod.service.d/test.conf", "[Service]\nStandardOutput=journal+console\n");
  await allowSlowness(tree);
  // As in an image whose merod takes sealed keys only.
  await put(tree, "usr/lib/calimero/wraps-keys", "");
  const hosts = join(tree, "etc/hosts");
  await writeFile(hosts, `${await readFile(hosts, "utf8")}${host.address} ${host.name}\n`);
}
