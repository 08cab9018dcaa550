import { mkdtempSync, rmSync } from "node:fs";
import { mkdir, open, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, describe, expect, test } from "vitest";
import { measureDiskImage, measureUkiImage } from "../../packages/image-measure/src/index.ts";
import { peOf } from "../../packages/image-measure/test/image-writer.ts";
import { nodeRtmr3 } from "../../packages/policy/src/index.ts";
import { parseImagePrediction } from "../../packages/release-artifacts/src/index.ts";
import { KERNEL, ROOT_HASH } from "../../packages/image-measure/test/sample-image.ts";
import { failureLine } from "../../scripts/image/apply-roles.ts";
import { describeImage } from "../../scripts/image/image-description.ts";
import { buildDisk } from "../../scripts/image/node-disk.ts";
import { fileSha256, packImage } from "../../scripts/image/pack-image.ts";
import { datedArchive, installedPackages, packagesLock, requirePackages } from "../../scripts/image/packages-lock.ts";
import { clampPe, sectionSpace } from "../../scripts/image/pe-clamp.ts";
import { rootSbom } from "../../scripts/image/root-sbom.ts";
import { requireRtmrKernel } from "../../scripts/image/rtmr-kernel.ts";
import { buildUki } from "../../scripts/image/uki.ts";
import { aptSources } from "../../scripts/image/unpack-debian.ts";
import { createMeroTee, realWorld } from "../../scripts/release/mero-tee.ts";
import { Refusal } from "../../scripts/script-outcome.ts";
import { debianProgram } from "../debian-program.ts";

/** The steps from a finished tree to a disk, on a tree of a few files; what they make is read back by what measures images. */
const folder = mkdtempSync(join(tmpdir(), "node-image-build-"));
afterAll(() => rmSync(folder, { recursive: true }));

const PROGRAMS = {
  objcopy: "binutils",
  sfdisk: "fdisk",
  "mkfs.vfat": "dosfstools",
  mcopy: "mtools",
  "mkfs.erofs": "erofs-utils",
  veritysetup: "cryptsetup-bin",
} as const;
const found = [];
for (const [name, inPackage] of Object.entries(PROGRAMS)) found.push(await debianProgram(name, inPackage));
const hasPrograms = found.every((program) => program !== null);

/** Optional header, from the start of the file that `peOf` makes. */
const OPTIONAL = 0x58;
const IMAGE_BASE = 0x1_4000_0000;

/** A file that takes sections as a boot stub does: with an image base, an alignment and room in its headers. */
function stubFile(): Buffer {
  const file = Buffer.from(peOf([{ name: ".text", content: new Uint8Array(900).fill(1) }]));
  file.writeUInt32LE(0x1234_5678, 0x48);
  file.writeUInt16LE(0x0206, 0x56);
  file.writeBigUInt64LE(BigInt(IMAGE_BASE), OPTIONAL + 24);
  file.writeUInt32LE(4096, OPTIONAL + 32);
  file.writeUInt32LE(512, OPTIONAL + 36);
  file.writeUInt32LE(0x2000, OPTIONAL + 56);
  file.writeUInt16LE(10, OPTIONAL + 68);
  return file;
}

async function fileOf(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

async function ukiParts(commandLine: string) {
  return {
    stub: await fileOf("stub.efi", stubFile()),
    osrel: await fileOf("osrel", "ID=debian\n"),
    cmdline: await fileOf("cmdline", commandLine),
    uname: await fileOf("uname", "6.16.0"),
    initrd: await fileOf("initrd", Buffer.alloc(5000, 9)),
    linux: await fileOf("linux", KERNEL),
  };
}

const COMMAND_LINE = `ro calimero.role=node calimero.profile=debug calimero.root_hash=${ROOT_HASH}`;

describe("a PE file", () => {
  test("loses its time, and gets the checksum that fits", () => {
    const [early, late] = [stubFile(), stubFile()];
    late.writeUInt32LE(0x7fff_ffff, 0x48);
    late.writeUInt32LE(42, OPTIONAL + 64);
    clampPe(early);
    clampPe(late);
    expect(late.equals(early)).toBe(true);
    expect(early.readUInt32LE(0x48)).toBe(0);
    // The checksum is the 16-bit one's complement sum of the file without it, and the length of the file.
    let sum = 0;
    const without = Buffer.from(early);
    without.writeUInt32LE(0, OPTIONAL + 64);
    for (let at = 0; at < without.length; at += 2) sum += without.readUInt16LE(at);
    while (sum > 0xffff) sum = (sum % 0x1_0000) + Math.floor(sum / 0x1_0000);
    expect(early.readUInt32LE(OPTIONAL + 64)).toBe(sum + early.length);
  });

  test("has room behind its last section", () => {
    expect(sectionSpace(stubFile())).toEqual({ base: IMAGE_BASE, free: 0x2000, alignment: 4096 });
  });

  test("is needed", () => {
    expect(() => clampPe(Buffer.alloc(128))).toThrow("not a PE file");
  });
});

describe.skipIf(!hasPrograms)("a unified kernel image", () => {
  test("has every section as it was given, and twice the same bytes", async () => {
    const parts = await ukiParts(COMMAND_LINE);
    const [first, second] = [join(folder, "first.efi"), join(folder, "second.efi")];
    await buildUki(parts, first);
    await buildUki(parts, second);
    expect(await fileSha256(first)).toBe(await fileSha256(second));
    const measured = measureUkiImage(await readFile(first), { profile: "debug" });
    expect(measured).toMatchObject({ ok: true, value: { rootHash: ROOT_HASH } });
    const sizes = measured.ok ? measured.value.uki.sections.map(({ name, size }) => [name, size]) : [];
    expect(sizes).toEqual([
      [".linux", KERNEL.length],
      [".osrel", 10],
      [".cmdline", COMMAND_LINE.length],
      [".initrd", 5000],
      [".uname", 6],
    ]);
  });

  test("of a test build is refused", async () => {
    const uki = join(folder, "test.efi");
    await buildUki(await ukiParts(`calimero.test=1 ${COMMAND_LINE}`), uki);
    const measured = measureUkiImage(await readFile(uki), { profile: "debug" });
    expect(measured).toMatchObject({ ok: false, error: { code: "test-image" } });
  });
});

/** A tree with what a disk is made of. */
async function writeTree(name: string, ownCommandLine: string): Promise<string> {
  const tree = join(folder, name);
  for (const path of ["usr/lib/calimero", "boot", "etc"]) await mkdir(join(tree, path), { recursive: true });
  await writeFile(join(tree, "usr/lib/calimero/kernel-command-line"), `${ownCommandLine}\n`);
  await writeFile(join(tree, "usr/lib/os-release"), "ID=debian\n");
  await writeFile(join(tree, "etc/passwd"), "root:x:0:0::/root:/usr/sbin/nologin\n");
  await writeFile(join(tree, "boot/vmlinuz-6.16.0"), KERNEL);
  await writeFile(join(tree, "boot/initrd.img-6.16.0"), Buffer.alloc(5000, 9));
  return tree;
}

async function measureDisk(path: string) {
  await using file = await open(path);
  const { size } = await file.stat();
  const read = async (offset: number, length: number): Promise<Uint8Array> => {
    const bytes = new Uint8Array(length);
    await file.read(bytes, 0, length, offset);
    return bytes;
  };
  return await measureDiskImage({ size, read }, { profile: "debug" });
}

const OWN = "boot=calimero ro calimero.role=node calimero.profile=debug";

describe.skipIf(!hasPrograms)("a disk", () => {
  test("is laid out as what measures it expects, of whole GiB, and twice the same bytes", async () => {
    const tree = await writeTree("tree", OWN);
    const stub = await fileOf("stub.efi", stubFile());
    const first = await packImage({ tree, stub, epoch: 1_700_000_000, out: join(folder, "first") });
    const second = await packImage({ tree, stub, epoch: 1_700_000_000, out: join(folder, "second") });
    expect(first.commandLine).toBe(`${OWN} calimero.root_hash=${first.rootHash}`);
    expect((await execa("cmp", [first.disk, second.disk])).exitCode).toBe(0);
    const { stdout } = await execa("stat", ["-c", "%s", first.disk]);
    expect(Number(stdout) % 1024 ** 3).toBe(0);
    expect(await measureDisk(first.disk)).toMatchObject({ ok: true, value: { rootHash: first.rootHash } });
    expect((await execa("veritysetup", ["verify", first.data, first.hashes, first.rootHash])).exitCode).toBe(0);
  });

  test("is described by what it must measure as, and not where it is a test build", async () => {
    const stub = await fileOf("stub.efi", stubFile());
    const digests = { disk_sha256: "a".repeat(64), archive_sha256: "b".repeat(64) };
    const identity = { profile: "debug", version: "2.4.0-rc.1", isTest: false, project: "p-1" } as const;
    const meroTee = createMeroTee(realWorld({}));
    const tree = await writeTree("described", OWN);
    const packed = await packImage({ tree, stub, epoch: 1_700_000_000, out: join(folder, "described-out") });
    const described = await describeImage(meroTee, identity, packed, digests);
    const expected = nodeRtmr3({ role: "node", profile: "debug", rootHash: packed.rootHash });
    expect(described).toMatchObject({ name: "merotee-debug-2-4-0-rc-1", root_hash: packed.rootHash, ...digests });
    expect(described?.self_link).toBe(
      "https://www.googleapis.com/compute/v1/projects/p-1/global/images/merotee-debug-2-4-0-rc-1",
    );
    const read = parseImagePrediction("image-debug.json", JSON.stringify(described));
    expect(read).toEqual({ ok: true, value: { rtmr3: expected.ok ? expected.value.rtmr3 : "" } });
    const other = describeImage(meroTee, { ...identity, profile: "locked-read-only" }, packed, digests);
    await expect(other).rejects.toThrow(/^profile-mismatch: /);
    await expect(describeImage(meroTee, { ...identity, isTest: true }, packed, digests)).rejects.toThrow(
      "must be refused",
    );
    const marked = await writeTree("marked", `calimero.test=1 ${OWN}`);
    const testBuild = await packImage({ tree: marked, stub, epoch: 1_700_000_000, out: join(folder, "marked-out") });
    expect(await describeImage(meroTee, { ...identity, isTest: true }, testBuild, digests)).toBeNull();
    await expect(describeImage(meroTee, identity, testBuild, digests)).rejects.toThrow(/^test-image: /);
  });

  test("under the root hash of another image is refused", async () => {
    const tree = await writeTree("tree", OWN);
    const stub = await fileOf("stub.efi", stubFile());
    const packed = await packImage({ tree, stub, epoch: 1_700_000_000, out: join(folder, "other") });
    const disk = join(folder, "other.raw");
    await buildDisk({ ...packed, rootHash: ROOT_HASH }, packed.uki, 1_700_000_000, disk);
    expect(await measureDisk(disk)).toMatchObject({ ok: false, error: { code: "root-partition-mismatch" } });
  });

  test("has another root hash when one file of the tree is another", async () => {
    const stub = await fileOf("stub.efi", stubFile());
    const tree = await writeTree("changed", OWN);
    const before = await packImage({ tree, stub, epoch: 1_700_000_000, out: join(folder, "before") });
    await writeFile(join(tree, "etc/passwd"), "root::0:0::/root:/bin/sh\n");
    const after = await packImage({ tree, stub, epoch: 1_700_000_000, out: join(folder, "after") });
    expect(after.rootHash).not.toBe(before.rootHash);
  });

  test("has nothing of the machine that it was made on", async () => {
    const stub = await fileOf("stub.efi", stubFile());
    const tree = await writeTree("run-time", OWN);
    for (const path of ["dev", "run", "var/tmp"]) await mkdir(join(tree, path), { recursive: true });
    const before = await packImage({ tree, stub, epoch: 1_700_000_000, out: join(folder, "clean") });
    for (const path of ["dev/console", "run/ansible", "var/tmp/root.tar", "boot/grub.cfg"]) {
      await writeFile(join(tree, path), "of the builder");
    }
    const after = await packImage({ tree, stub, epoch: 1_700_000_000, out: join(folder, "used") });
    expect(after.rootHash).toBe(before.rootHash);
  });

  test("is made of one kernel", async () => {
    const tree = await writeTree("two-kernels", OWN);
    await writeFile(join(tree, "boot/vmlinuz-6.1.0"), KERNEL);
    const request = { tree, stub: "", epoch: 1, out: join(folder, "none") };
    await expect(packImage(request)).rejects.toThrow("one kernel and has 2");
  });
});

const STATUS = `Package: zlib1g
Status: install ok installed
Version: 1:1.3
Depends: libc6

Package: gone
Status: deinstall ok config-files
Version: 2

Package: apt
Status: install ok installed
Version: 3.0
`;

describe("the list of packages", () => {
  test("has what is installed, sorted", () => {
    expect(installedPackages(STATUS)).toEqual(["apt 3.0", "zlib1g 1:1.3"]);
  });

  test.each([
    { name: "a newer one", found: ["apt 3.1", "zlib1g 1:1.3"], says: "- apt 3.0, + apt 3.1" },
    { name: "one more", found: ["apt 3.0", "nc 1", "zlib1g 1:1.3"], says: "+ nc 1" },
    { name: "one less", found: ["apt 3.0"], says: "- zlib1g 1:1.3" },
    { name: "many others", found: ["a 1", "b 1", "c 1"], says: "- apt 3.0, - zlib1g 1:1.3, + a 1, + b 1 and 1 more" },
  ])("stops $name", ({ found: packages, says }) => {
    const agreed = packagesLock(installedPackages(STATUS));
    const compare = (list: readonly string[]): void => requirePackages("debug.lock", agreed, list);
    expect(() => compare(packages)).toThrow(new Refusal(`packages differ from debug.lock: ${says}`));
    expect(() => compare(installedPackages(STATUS))).not.toThrow();
  });
});

const DATED = "https://snapshot.debian.org/archive/debian/20261101T000000Z/";

describe("the archive of packages", () => {
  test("is named by the list of a release, and does not change", () => {
    expect(datedArchive("debug.lock", packagesLock(["apt 3.0"], DATED))).toBe(DATED);
  });

  test.each([
    { name: "none", archive: undefined, found: "no archive" },
    {
      name: "a live one",
      archive: "https://deb.debian.org/debian",
      found: "https://deb.debian.org/debian, a live archive",
    },
    { name: "one with a date elsewhere", archive: `${DATED}latest`, found: `${DATED}latest, a live archive` },
  ])("of a release is not $name", ({ archive, found: says }) => {
    const list = packagesLock(["apt 3.0"], archive);
    expect(() => datedArchive("debug.lock", list)).toThrow(Refusal);
    expect(() => datedArchive("debug.lock", list)).toThrow(
      `debug.lock names ${says}: a release has packages of a dated one`,
    );
  });

  test("is read by apt whatever day it is, if it is dated", () => {
    const suites = { suite: "trixie", kernelSuite: "trixie-backports" };
    expect(aptSources(`deb ${DATED} trixie main\n`, { ...suites, mirror: DATED })).toBe(
      `deb [check-valid-until=no] ${DATED} trixie main\ndeb [check-valid-until=no] ${DATED} trixie-backports main\n`,
    );
    const live = "deb http://deb.debian.org/debian trixie main\n";
    expect(aptSources(live, { ...suites, kernelSuite: "trixie", mirror: undefined })).toBe(live);
    expect(() => aptSources("", { ...suites, mirror: undefined })).toThrow("no /etc/apt/sources.list");
  });
});

describe("the bill of materials", () => {
  test("names packages and programs, each by an id of its own", () => {
    const merod = { name: "merod", version: "v1.0.0", sha256: "c".repeat(64) };
    const sbom: unknown = rootSbom("merotee-debug-2-4-0", ["libstdc++6 14-1", "tzdata 2026b-0+deb13u1"], [merod], 0);
    expect(sbom).toMatchObject({
      spdxVersion: "SPDX-2.3",
      creationInfo: { created: "1970-01-01T00:00:00Z" },
      packages: [
        {
          SPDXID: "SPDXRef-deb-libstdc--6",
          externalRefs: [{ referenceLocator: "pkg:deb/debian/libstdc%2B%2B6@14-1" }],
        },
        { SPDXID: "SPDXRef-deb-tzdata", versionInfo: "2026b-0+deb13u1" },
        { SPDXID: "SPDXRef-download-merod", checksums: [{ algorithm: "SHA256", checksumValue: merod.sha256 }] },
      ],
    });
  });
});

describe("the kernel of a release", () => {
  test.each(["6.16.0-cloud-amd64", "7.3.4+deb13-cloud-amd64"])("may be %s", (version) => {
    expect(() => requireRtmrKernel(version)).not.toThrow();
  });

  test.each(["6.15.9", "6.1.0-50-cloud-amd64", "5.99.0", "unknown"])("is not %s", (version) => {
    const says = `Linux ${version} cannot extend RTMR3: that takes 6.16 or later`;
    expect(() => requireRtmrKernel(version)).toThrow(new Refusal(says));
  });
});

const PLAYED = `TASK [downloads : Read the lock file] ******
ok: [node-image-debug]

TASK [downloads : Fetch archives] **********
failed: [node-image-debug] (item=traefik v3.5.0) => {"changed": false, "msg": "The checksum for traefik\\ndid not match \\"aa\\""}

PLAY RECAP ****
`;

describe("a role that fails", () => {
  test("is one line", () => {
    expect(failureLine(PLAYED)).toBe('downloads : Fetch archives: The checksum for traefik did not match "aa"');
  });

  test("is the last line where Ansible did not get to a task", () => {
    expect(failureLine("\nERROR! no such playbook\n")).toBe("ERROR! no such playbook");
  });
});

describe("the build", () => {
  const SCRIPT = join(import.meta.dirname, "../../scripts/image/build.ts");
  const good = ["--profile", "debug", "--out", join(folder, "out")];
  test.each([
    { name: "no profile", args: ["--out", folder], exitCode: 2, why: "--profile is missing" },
    { name: "an unknown profile", args: ["--profile", "prod", "--out", folder], exitCode: 2, why: "not prod" },
    { name: "an unknown option", args: [...good, "--skip-conformance"], exitCode: 2, why: "Unknown option" },
    {
      name: "two trees to begin with",
      args: [...good, "--root", "root.tar", "--debian", "kept"],
      exitCode: 2,
      why: "--debian is not for it",
    },
  ])("refuses $name in one line", async ({ args, exitCode, why }) => {
    const run = await execa(process.execPath, [SCRIPT, ...args], { reject: false });
    expect(run).toMatchObject({ exitCode, stdout: "" });
    expect(run.stderr).toContain(why);
    expect(run.stderr.split("\n")).toHaveLength(1);
  });

  test.skipIf(process.getuid?.() !== 0)("refuses a release whose packages nobody agreed on", async () => {
    const missing = join(folder, "no-such.lock");
    const run = await execa(process.execPath, [SCRIPT, ...good, "--packages-lock", missing], { reject: false });
    expect(run).toMatchObject({ exitCode: 10, stdout: "" });
    expect(run.stderr).toBe(`no ${missing}: a test build writes such a list of packages, for people to agree on`);
  });

  test.skipIf(process.getuid?.() !== 0)("refuses a release of a live archive", async () => {
    const pinned = { name: "merod", version: "v1.0.0", url: "https://example.org/merod", size: 1, extract: [] };
    const pins = await fileOf("pinned.lock.json", JSON.stringify([{ ...pinned, sha256: "a".repeat(64) }]));
    const list = await fileOf("live.lock", packagesLock(["apt 3.0"], "https://deb.debian.org/debian"));
    const run = await execa(process.execPath, [SCRIPT, ...good, "--lock", pins, "--packages-lock", list], {
      reject: false,
    });
    expect(run).toMatchObject({ exitCode: 10, stdout: "" });
    expect(run.stderr).toContain(`${list} names https://deb.debian.org/debian, a live archive`);
    expect(run.stderr.split("\n")).toHaveLength(1);
  });

  const entry = { name: "merod", version: "v1.0.0", url: "https://example.org/merod", size: 1, extract: [] };
  test.skipIf(process.getuid?.() !== 0).each([
    { name: "an empty lock file", lock: [], why: "pins no program" },
    { name: "an entry without a checksum", lock: [entry], why: "malformed" },
    { name: "a checksum that is none", lock: [{ ...entry, sha256: "abc" }], why: "merod" },
  ])("refuses $name, and leaves no disk of an earlier build", async ({ lock, why }) => {
    const out = join(folder, "out");
    await mkdir(out, { recursive: true });
    await writeFile(join(out, "disk.raw"), "an earlier one");
    const pins = ["--lock", await fileOf("downloads.lock.json", JSON.stringify(lock))];
    const packages = ["--packages-lock", await fileOf("packages.lock", "apt 3.0\n")];
    const run = await execa(process.execPath, [SCRIPT, ...good, ...pins, ...packages], { reject: false });
    expect(run.exitCode).not.toBe(0);
    expect(run.stderr).toContain(why);
    expect(run.stderr.split("\n")).toHaveLength(1);
    await expect(readFile(join(out, "disk.raw"))).rejects.toThrow("ENOENT");
  });
});
