import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { extendRegister, parseEventLog, type EventLog, type EventLogEvent } from "@mero-tee/tdx-quote";
import { describe, expect, test } from "vitest";
import { measureDiskImage, measureUkiImage, type ImageMeasurement } from "../src/index.ts";
import { readPartitionTable } from "../src/gpt.ts";
import { goodDisk, sourceOf, ukiWith } from "./sample-image.ts";

const ACTION = 0x8000_0007;
const SEPARATOR = 4;
const APPLICATION = 0x8000_0003;
const GPT = 0x8000_0006;
const IPL = 0x0d;
const TAG = 0x06;

function sha384(data: string | Uint8Array): string {
  return createHash("sha384").update(data).digest("hex");
}

type Source = Pick<EventLogEvent, "register" | "type" | "digest"> & {
  readonly payload?: string;
  readonly digestMatches?: boolean;
};

function constant(register: "rtmr1" | "rtmr2", type: number, data: string): Source {
  return { register, type, digest: sha384(data), digestMatches: true };
}

/** A digest of another image. */
function foreign(register: "rtmr1" | "rtmr2", type: number, what: string, payload?: string): Source {
  return { register, type, digest: sha384(`foreign ${what}`), ...(payload === undefined ? {} : { payload }) };
}

function section(name: string): readonly Source[] {
  return [{ register: "rtmr2", type: IPL, digest: sha384(`${name}\0`) }, foreign("rtmr2", IPL, name)];
}

const CALLING = constant("rtmr1", ACTION, "Calling EFI Application from Boot Option");
const RTMR1: readonly Source[] = [
  CALLING,
  constant("rtmr1", SEPARATOR, "\0\0\0\0"),
  foreign("rtmr1", GPT, "gpt"),
  foreign("rtmr1", APPLICATION, "uki"),
  foreign("rtmr1", APPLICATION, "kernel"),
  constant("rtmr1", ACTION, "Exit Boot Services Invocation"),
];
const RTMR2: readonly Source[] = [".linux", ".osrel", ".cmdline", ".initrd", ".sbat"].flatMap(section);
const INITRD_TAG: Source = foreign("rtmr2", TAG, "initrd", "ec223b8f0d0000004c696e757820696e6974726400");

function logOf(sources: readonly Source[]): EventLog {
  return { format: "ccel", events: sources.map((source, index) => ({ index, name: "EV", ...source })) };
}

async function measured(template: EventLog): Promise<ImageMeasurement | string> {
  const result = await measureDiskImage(sourceOf(goodDisk()), { profile: "debug", template });
  return result.ok ? result.value : result.error.code;
}

function replay(digests: readonly string[]): string {
  return digests.reduce(extendRegister, "0".repeat(96));
}

describe("a prediction from the log of a machine", () => {
  test("puts the image's digests in the places of the other image's", async () => {
    const found = await measured(logOf([...RTMR1, ...RTMR2]));
    if (typeof found === "string") throw new Error(found);
    const { uki, gptDigest, rtmr1, rtmr2 } = found;
    expect(rtmr1).toBe(
      replay([
        sha384("Calling EFI Application from Boot Option"),
        sha384("\0\0\0\0"),
        String(gptDigest),
        uki.digest,
        uki.kernelDigest,
        sha384("Exit Boot Services Invocation"),
      ]),
    );
    expect(rtmr2).toBe(replay(uki.sections.flatMap(({ name, digest }) => [sha384(`${name}\0`), digest])));
    const withTag = await measured(logOf([...RTMR1, ...RTMR2, INITRD_TAG]));
    const initrd = uki.sections.find(({ name }) => name === ".initrd")?.digest ?? "";
    expect(withTag).toMatchObject({ rtmr1, rtmr2: extendRegister(String(rtmr2), initrd) });
  });

  test("of a UKI alone says nothing about RTMR1, which also holds the partition table", () => {
    expect(measureUkiImage(ukiWith(), { profile: "debug", template: logOf([...RTMR1, ...RTMR2]) })).toMatchObject({
      value: { rtmr1: null, rtmr2: expect.stringMatching(/^[0-9a-f]{96}$/) },
    });
  });

  test.each([
    { name: "a third program booted", events: [...RTMR1, foreign("rtmr1", APPLICATION, "shim"), ...RTMR2] },
    { name: "a second partition table", events: [...RTMR1, foreign("rtmr1", GPT, "gpt"), ...RTMR2] },
    {
      name: "an action that is not what its digest says",
      events: [...RTMR1, { ...CALLING, digestMatches: false }, ...RTMR2],
    },
    { name: "a command of GRUB", events: [...RTMR1, ...RTMR2, foreign("rtmr2", IPL, "grub_cmd: linux")] },
    { name: "a section that the image lacks", events: [...RTMR1, ...RTMR2, ...section(".uname")] },
    { name: "a section twice", events: [...RTMR1, ...RTMR2, ...section(".linux")] },
    { name: "another tag than the initrd's", events: [...RTMR1, ...RTMR2, { ...INITRD_TAG, payload: "00" }] },
  ])("is refused for what no image explains: $name", async ({ events }) => {
    expect(await measured(logOf(events))).toBe("template-event-unknown");
  });

  test.each([
    { name: "partition table", events: [...RTMR1.filter(({ type }) => type !== GPT), ...RTMR2] },
    { name: "kernel", events: [...RTMR1.toSpliced(4, 1), ...RTMR2] },
    { name: "section of the image", events: [...RTMR1, ...RTMR2.slice(2)] },
    { name: "section's content", events: [...RTMR1, ...RTMR2.slice(0, -1)] },
  ])("is refused from a log without a $name", async ({ events }) => {
    expect(await measured(logOf(events))).toBe("template-incomplete");
  });
});

const CCEL = join(import.meta.dirname, "../../../../shared/vectors/ccel/go-tdx-guest-cos113.bin");
const HAS_VECTOR = existsSync(CCEL);
if (!HAS_VECTOR) process.stderr.write("skipped: event log of a real GCP machine (../shared/vectors is absent)\n");

function realLog(): EventLog {
  const parsed = parseEventLog(new Uint8Array(readFileSync(CCEL)), "ccel");
  if (!parsed.ok) throw new Error(parsed.error.code);
  return parsed.value;
}

describe.skipIf(!HAS_VECTOR)("a real GCP machine", () => {
  test("measured its partition table as ours is measured", async () => {
    const payload = Buffer.from(realLog().events.find(({ type }) => type === GPT)?.payload ?? "", "hex");
    const entriesLba = Number(payload.readBigUInt64LE(72));
    const count = payload.readUInt32LE(80);
    // The table as it stood on that disk: its used entries first, which is where the log has them from.
    const disk = Buffer.alloc(512 * entriesLba + 128 * count);
    disk.set(payload.subarray(0, 92), 512);
    disk.set(payload.subarray(100), 512 * entriesLba);
    const table = await readPartitionTable(sourceOf(disk));
    expect(table).toMatchObject({ ok: true, value: { event: new Uint8Array(payload) } });
  });

  test("that booted GRUB is no template for an image of ours", async () => {
    expect(await measured(realLog())).toBe("template-event-unknown");
  });
});
