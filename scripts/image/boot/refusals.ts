import { copyFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import type { Profile } from "../../../packages/policy/src/index.ts";
import { finding, type Finding, timed } from "../level.ts";
import { type DiskParts, takeApart, withBitFlipped, withCommandLine, withFiles } from "./disk-parts.ts";
import { type Boot, bootMachine, lineWith } from "./machine.ts";
import { hostDisk, NVME_BLOCKS, nvmeDisk, scsiDisks } from "./data-disks.ts";
import { addProbe, HOST_CREDENTIALS } from "./probe.ts";

const EPOCH = 1_700_000_000;
const LIMIT_SECONDS = 2400;
/** What a person tries who sits at the console. */
const TYPED = "\r\nroot\r\nhost\r\nid\r\n";
const PROMPT = /login:|password:|\(initramfs\)|uid=0|[#$] $/im;

/** A disk that must not boot. */
interface Refused {
  readonly name: string;
  readonly make: (disk: string, parts: DiskParts, target: string) => Promise<void>;
  readonly says: string;
}

function lineOf(change: (line: string) => string): Refused["make"] {
  return async (_disk, parts, target) => await withCommandLine(parts, change(parts.commandLine), EPOCH, target);
}

const CHANGED = "calimero-verity: FAILED the root file system is not the one of the root hash";

const REFUSED: readonly Refused[] = [
  {
    name: "one bit of the root is flipped",
    make: async (disk, { rootOffset }, target) => await withBitFlipped(disk, rootOffset + 1024 + 17, target),
    says: CHANGED,
  },
  {
    name: "another root hash is named",
    make: lineOf((line) => line.replace(/.{64}$/, "5".repeat(64))),
    says: CHANGED,
  },
  {
    name: "the command line is altered",
    make: lineOf((line) => line.replace("init_on_alloc=1", "init=/bin/sh   ")),
    says: "calimero-verity: FAILED the command line is not that of this image",
  },
  {
    name: "a parameter is doubled",
    make: lineOf((line) => line.replace("panic=-1 rd.shell=0", "calimero.role=node ")),
    says: "calimero-verity: FAILED calimero.role is on the command line 2 times",
  },
];

/** What is wrong with how a machine ended that must not come to its node. */
function problemsOfEnd(boot: Boot): readonly string[] {
  const problems = boot.ended ? [] : ["the machine went on"];
  if (/calimero-(?:init|data|metadata|rtmr): /.test(boot.console)) problems.push("the node began");
  if (PROMPT.test(boot.console)) problems.push("there is a prompt");
  return problems;
}

/** What is wrong with how a machine that must not boot ended. */
function problemsOfRefusal(boot: Boot, says: string) {
  const why = lineWith(boot, says);
  const problems: string[] = [];
  if (why === undefined) problems.push(`the console does not say why: ${boot.console.slice(-300)}`);
  if (lineWith(boot, "calimero-verity: OK") !== undefined) problems.push("the root was taken");
  problems.push(...problemsOfEnd(boot));
  return { problems, seen: why === undefined ? [] : [why] };
}

/**
 * A host that changes the disk of a running machine, behind what was verified at boot: the kernel stops at the first block that it reads of it, and
 * says so where it has a console.
 */
async function changedWhileItRuns(profile: Profile, disk: string, { data, rootOffset }: DiskParts, folder: string) {
  const target = join(folder, "changed.raw");
  await copyFile(disk, target);
  const range = ["--offset", String(rootOffset), "--length", String((await stat(data)).size)];
  const boot = await bootMachine({
    disk: target,
    variables: join(folder, "variables.fd"),
    log: join(folder, "console.log"),
    onVerified: async () => void (await execa("fallocate", ["--punch-hole", ...range, target])),
    limitSeconds: LIMIT_SECONDS,
  });
  const lines = ["calimero-verity: OK", ...(profile === "locked-read-only" ? [] : ["is corrupted", "Kernel panic"])];
  const found = lines.map((line) => lineWith(boot, line));
  const problems = lines.filter((_, index) => found[index] === undefined).map((line) => `the console lacks: ${line}`);
  return { problems: [...problems, ...problemsOfEnd(boot)], seen: found.filter((line) => line !== undefined) };
}

/** A boot without a TDX device: of all profiles it must not come further than to the step that extends RTMR3. */
async function* intact(profile: Profile, parts: DiskParts, folder: string): AsyncGenerator<Finding> {
  const disk = join(folder, "probe.raw");
  const probed = await withFiles(parts, addProbe, EPOCH, disk);
  const named = await hostDisk(folder, "blank", "calimero-data");
  const others = [
    await hostDisk(folder, "hostile", "hostile"),
    await hostDisk(folder, "encrypted", "encrypted"),
    await hostDisk(folder, "corrupt", "corrupt"),
  ];
  const boot = await bootMachine({
    disk,
    variables: join(folder, "variables.fd"),
    log: join(folder, "console.log"),
    typed: TYPED,
    devices: [...HOST_CREDENTIALS, ...scsiDisks([named, ...others]), ...nvmeDisk(named)],
    limitSeconds: LIMIT_SECONDS,
  });
  const judged = (name: string, lines: readonly string[], isGood = true): Finding => {
    const found = lines.map((line) => lineWith(boot, line));
    const problems = lines.filter((_, index) => found[index] === undefined).map((line) => `the console lacks: ${line}`);
    if (!isGood) problems.push(`the console shows otherwise: ${boot.console.slice(-600)}`);
    const seen = found.filter((line) => line !== undefined);
    return finding(name, profile, { problems, seconds: 0, seen });
  };
  const isOverlaid = profile === "debug";
  const first = judged("boots to a verified root", [`calimero-verity: OK node ${profile} ${probed.rootHash}`]);
  yield { ...first, seconds: boot.seconds };
  yield judged(
    isOverlaid ? "what is written to the root stays in memory" : "the root cannot be written",
    isOverlaid
      ? ["test-probe: root overlay rw", "test-probe: wrote /usr/x"]
      : ["test-probe: root erofs ro", ...["/x", "/usr/x", "/etc/x"].map((path) => `test-probe: cannot write ${path}`)],
  );
  yield judged("credentials of the host have no effect", [
    "test-probe: the host offers credentials",
    "test-probe: no credential was taken",
  ]);
  yield judged("a disk of the host gets one name at most", [
    "test-probe: data disk by name: google-calimero-data ../../sd",
    `test-probe: over NVMe: calimero-nvme-name: FAILED a disk of ${NVME_BLOCKS} blocks has no name of Compute Engine`,
  ]);
  yield judged("data disks that the host prepared are refused, or dead", [
    "calimero-data: OK /dev/disk/by-id/scsi-0Google_PersistentDisk_calimero-data (made)",
    "test-probe: data disk calimero-data: mounted, nothing of it obeyed",
    "calimero-data: OK /dev/disk/by-id/scsi-0Google_PersistentDisk_hostile",
    "test-probe: data disk hostile: mounted, nothing of it obeyed",
    "calimero-data: FAILED the data disk cannot be mounted",
    "test-probe: data disk encrypted: refused",
    "test-probe: data disk corrupt: refused",
  ]);
  const hasBegun = /calimero-(?:init|metadata): |calimero-data: OK (?:no |.*google-)/.test(boot.console);
  const missing = ["calimero-rtmr: FAILED rtmr3:sha384 missing: no TDX guest device"];
  yield judged("without a TDX device it powers off", missing, boot.ended && !hasBegun);
  yield judged("typing at the console gives no prompt", [], !PROMPT.test(boot.console));
}

/** Boots a disk as it is, with things that it must not obey, and changed, which it must refuse. */
export async function* bootRefusals(profile: Profile, disk: string, folder: string): AsyncGenerator<Finding> {
  const parts = await takeApart(disk, folder);
  yield* intact(profile, parts, folder);
  for (const { name, make, says } of REFUSED) {
    yield await timed(name, profile, async () => {
      const target = join(folder, "changed.raw");
      await make(disk, parts, target);
      const [variables, log] = [join(folder, "variables.fd"), join(folder, "console.log")];
      const boot = await bootMachine({ disk: target, variables, log, typed: TYPED, limitSeconds: LIMIT_SECONDS });
      return problemsOfRefusal(boot, says);
    });
  }
  yield await timed("the root is changed after it was verified", profile, async () => {
    return await changedWhileItRuns(profile, disk, parts, folder);
  });
}
