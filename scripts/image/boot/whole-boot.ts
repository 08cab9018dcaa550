import { join } from "node:path";
import { parseArgs } from "node:util";
import { execa } from "execa";
import { finding, type Finding } from "../level.ts";
import { needed, settle } from "../../script-outcome.ts";
import { hostDisk, nvmeDisk, scsiDisks } from "./data-disks.ts";
import { takeApart, withFiles } from "./disk-parts.ts";
import { type Boot, bootMachine, lineWith } from "./machine.ts";
import { HOST_NETWORK, KMS_URL, startSimulatedHost } from "./simulated-host.ts";
import { addStandInNode } from "./stand-in-node.ts";

/**
 * `unshare --net node scripts/image/boot/whole-boot.ts --disk FILE --folder DIR`: boots a test build of profile debug to its end, in a network
 * namespace that has nothing but loopback, and prints what was found out as JSON. Only RTMR3, the platform that quotes and merod are stand-ins.
 */
const OPTIONS = { disk: { type: "string" }, folder: { type: "string" } } as const;
const EPOCH = 1_700_000_000;
const LIMIT_SECONDS = 2400;

/** What the host says of the machine; all but the first is refused. */
const ATTRIBUTES = {
  "kms-url": KMS_URL,
  "kms-release-version": "9.9.9-rc.1",
  "swarm-port": "2528; poweroff",
  "merod-version": "0.0.1",
} as const;
const REFUSALS = [
  "calimero-metadata: kms-release-version ignored: 9.9.9-rc.1 is a release candidate or older than this image",
  "calimero-metadata: swarm-port ignored: malformed",
  "calimero-metadata: merod-version refused: the image has its node agent built in",
] as const;

/** What must be on a console, and what must not. */
function step(
  boot: Boot,
  name: string,
  { has, lacks = [] }: { readonly has: readonly string[]; readonly lacks?: readonly string[] },
  seconds = 0,
): Finding {
  const found = has.map((line) => lineWith(boot, line));
  const problems = has.filter((_, index) => found[index] === undefined).map((line) => `the console lacks: ${line}`);
  problems.push(...lacks.filter((line) => boot.console.includes(line)).map((line) => `the console has: ${line}`));
  if (problems.length > 0) problems.push(boot.console.slice(-1500));
  return finding(name, "debug", { problems, seconds, seen: found.filter((line) => line !== undefined) });
}

async function main(): Promise<string> {
  const { values } = parseArgs({ options: OPTIONS });
  const [disk, folder] = [needed(values.disk, "disk"), needed(values.folder, "folder")];
  await execa("ip", ["link", "set", "lo", "up"]);
  await using host = await startSimulatedHost(folder, ATTRIBUTES);
  const target = join(folder, "whole.raw");
  const parts = await withFiles(
    await takeApart(disk, folder),
    async (tree) => await addStandInNode(tree, host.trust),
    EPOCH,
    target,
  );
  const bootWith = async (devices: readonly string[], until: RegExp): Promise<Boot> =>
    await bootMachine({
      disk: target,
      variables: join(folder, "variables.fd"),
      log: join(folder, "console.log"),
      devices: [...HOST_NETWORK, ...devices],
      until,
      limitSeconds: LIMIT_SECONDS,
    });
  const hostile = scsiDisks([await hostDisk(folder, "hostile", "calimero-data")]);
  const whole = await bootWith(hostile, /login:[^]*test-merod: (?:KMS|.*failed)|test-merod: KMS[^]*login:/);
  const isSealed = host
    .kmsLog()
    .split("\n")
    .some((line) => line.includes('"wire":"wrapped"'));
  const sealed = finding("the KMS released it sealed", "debug", {
    problems: isSealed ? [] : [`the log of the KMS does not say so: ${host.kmsLog().slice(-1500)}`],
    seconds: 0,
  });
  const encrypted = nvmeDisk(await hostDisk(folder, "encrypted", "calimero-data"));
  const refused = await bootWith(encrypted, /login:[^]*calimero-data: |calimero-data: [^]*login:/);
  const findings = [
    step(
      whole,
      "with a stand-in RTMR3 it is extended",
      { has: [`calimero-rtmr: OK node debug ${parts.rootHash}`] },
      whole.seconds,
    ),
    step(whole, "hostile attributes are refused", { has: REFUSALS }),
    step(whole, "a hostile data disk is mounted, and init runs to its end", {
      has: ["calimero-data: OK /dev/disk/by-id/google-calimero-data", "calimero-init: OK full"],
    }),
    step(whole, "a stand-in for merod gets its key from the KMS", {
      has: [
        "test-merod: key fingerprint",
        "test-merod: it travelled     sealed to this node alone",
        `test-merod: KMS              ${KMS_URL}`,
      ],
    }),
    sealed,
    step(whole, "there is a login prompt", { has: ["calimero-node login:"] }),
    step(
      refused,
      "with a data disk that is no file system nothing starts",
      {
        has: ["calimero-data: FAILED the data disk cannot be mounted"],
        lacks: ["calimero-metadata: ", "calimero-init: ", "test-merod: "],
      },
      refused.seconds,
    ),
  ];
  return JSON.stringify(findings);
}

await settle(main);
