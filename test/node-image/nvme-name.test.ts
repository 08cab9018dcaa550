import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

/** What reads the name of an NVMe disk, on answers as disks give them; whoever runs the host writes these. */
const FILES = new URL("../../ansible/roles/merotee/files/", import.meta.url);
const SCRIPT = fileURLToPath(new URL("calimero-nvme-name", FILES));
/** Where the vendor's part of the answer begins. Source: NVM Express Base Specification, "Identify Namespace data structure". */
const VENDOR_AT = 384;

let answer: string;
beforeEach(async () => {
  answer = join(await mkdtemp(join(tmpdir(), "nvme-")), "answer");
});
afterEach(async () => {
  await rm(join(answer, ".."), { recursive: true });
});

async function nameOf(vendor: string, size = 4096) {
  const bytes = Buffer.alloc(4096);
  bytes.writeBigUInt64LE(65_536n);
  bytes.write(vendor, VENDOR_AT, "latin1");
  await writeFile(answer, bytes.subarray(0, size));
  const { exitCode, stdout, stderr } = await execa("perl", [SCRIPT, answer], { reject: false });
  return { exitCode, stdout, stderr };
}

const NO_NAME = "calimero-nvme-name: FAILED a disk of 65536 blocks has no name of Compute Engine";

describe("the name of an NVMe disk", () => {
  test.each([
    { name: "alone", vendor: '{"device_name":"calimero-data"}' },
    { name: "first", vendor: '{"device_name":"calimero-data","disk_type":"PERSISTENT"}' },
    { name: "last, with blanks", vendor: '{"disk_type": "PERSISTENT", "device_name": "calimero-data"}   ' },
  ])("is read where it is $name", async ({ vendor }) => {
    expect(await nameOf(vendor)).toEqual({ exitCode: 0, stdout: "calimero-data", stderr: "" });
  });

  test.each([
    { name: "nothing of a vendor", vendor: "" },
    { name: "an object without it", vendor: '{"disk_type":"PERSISTENT"}' },
    { name: "a name with another folder", vendor: '{"device_name":"../../sda"}' },
    { name: "a name of several words", vendor: '{"device_name":"calimero-data disk/by-id/other"}' },
    { name: "a name with a line break", vendor: '{"device_name":"calimero-data\n"}' },
    { name: "a name of 64 letters", vendor: `{"device_name":"${"a".repeat(64)}"}` },
    { name: "an object within one", vendor: '{"a":{"device_name":"calimero-data"}}' },
    { name: "another member's end", vendor: '{"other_device_name":"calimero-data"}' },
    { name: "more behind it", vendor: '{"device_name":"calimero-data"}{}' },
    { name: "a zero within it", vendor: '{"device_name":"calimero\0-data"}' },
  ])("is none in $name", async ({ vendor }) => {
    expect(await nameOf(vendor)).toEqual({ exitCode: 1, stdout: "", stderr: NO_NAME });
  });

  test("is none in an answer that is cut off", async () => {
    const cut = await nameOf('{"device_name":"calimero-data"}', 512);
    expect(cut).toMatchObject({ exitCode: 1, stderr: "calimero-nvme-name: FAILED the answer is not 4096 bytes" });
  });

  test("is none where there is no disk", async () => {
    const { exitCode, stderr } = await execa("perl", [SCRIPT, `${answer}-absent`], { reject: false });
    expect({ exitCode, stderr }).toEqual({
      exitCode: 1,
      stderr: `calimero-nvme-name: FAILED ${answer}-absent cannot be opened`,
    });
  });

  test("is the only one that becomes a link, and the one that is mounted", async () => {
    const rules = await readFile(new URL("85-data-disk.rules", FILES), "utf8");
    const links = new Set([...rules.matchAll(/SYMLINK\+="([^"]*)"/g)].map(([, link]) => `/dev/${link}`));
    const unit = await readFile(new URL("units/calimero-data.service", FILES), "utf8");
    expect([...links]).toEqual([/^ExecStart=\S+ (\S+) /m.exec(unit)?.[1]]);
    expect(rules).toContain('RESULT=="calimero-data"');
  });
});
