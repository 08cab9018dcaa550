import { join } from "node:path";
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
  /** One of these is on the console. */
  readonly says: readonly string[];
  /** Whether it is the kernel that says so: it has no console in a locked image. */
  readonly isKernel?: true;
}

function lineOf(change: (line: string) => string): Refused["make"] {
  return async (_disk, parts, target) => await withCommandLine(parts, change(parts.commandLine), EPOCH, target);
}

const CORRUPTED = ["is corrupted", "does not accept the root file system"] as const;

const REFUSED: readonly Refused[] = [
  {
    name: "one bit of the root is flipped",
    make: async (disk, { rootOffset }, target) => await withBitFlipped(disk, rootOffset + 1024 + 17, target),
    says: CORRUPTED,
    isKernel: true,
  },
  {
    name: "another root hash is named",
    make: lineOf((line) => line.replace(/.{64}$/, "5".repeat(64))),
    says: CORRUPTED,
    isKernel: true,
  },
  {
    name: "the command line is altered",
    make: lineOf((line) => line.replace("init_on_alloc=1", "init=/bin/sh   ")),
    says: ["calimero-verity: FAILED the command line is not that of this image"],
  },
  {
    name: "a parameter is doubled",
    make: lineOf((line) => line.replace("panic=-1 rd.shell=0", "calimero.role=node ")),
    says: ["calimero-verity: FAILED calimero.role is on the command line 2 times"],
  },
];

/** What is wrong with how a machine that must not boot ended. */
function problemsOfRefusal(boot: Boot, says: readonly string[], isSilent: boolean) {
  const why = says.map((text) => lineWith(boot, text)).find((line) => line !== undefined);
  const problems: string[] = [];
  if (why === undefined && !isSilent) problems.push(`the console does not say why: ${boot.console.slice(-300)}`);
  if (!boot.ended) problems.push("the machine went on");
  if (lineWith(boot, "calimero-verity: OK") !== undefined) problems.push("the root was taken");
  if (/calimero-(?:init|data|metadata|rtmr): /.test(boot.console)) problems.push("the node began");
  if (PROMPT.test(boot.console)) problems.push("there is a prompt");
  return { problems, seen: [why ?? "ended without a word"] };
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
    speaks: true,
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
  for (const { name, make, says, isKernel = false } of REFUSED) {
    yield await timed(name, profile, async () => {
      const target = join(folder, "changed.raw");
      await make(disk, parts, target);
      const [variables, log] = [join(folder, "variables.fd"), join(folder, "console.log")];
      const isSilent = isKernel && profile === "locked-read-only";
      const speaks = !isSilent;
      const boot = await bootMachine({
        disk: target,
        variables,
        log,
        typed: TYPED,
        speaks,
        limitSeconds: LIMIT_SECONDS,
      });
      return problemsOfRefusal(boot, says, isSilent);
    });
  }
}
