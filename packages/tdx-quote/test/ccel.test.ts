import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { CCEL_LIMIT_BYTES, parseCcel } from "../src/ccel.ts";
import {
  area,
  ascii,
  filler,
  record,
  SHA1,
  SHA256,
  SHA384,
  SHA512,
  SM3,
  SOME_DIGEST,
  specIdRecord,
  u32,
} from "./ccel-writer.ts";

const header = specIdRecord();
const hex = (bytes: readonly number[]): string => Buffer.from(bytes).toString("hex");
const sha384 = (bytes: readonly number[]): number[] => [
  ...createHash("sha384").update(Uint8Array.from(bytes)).digest(),
];

function refusal(bytes: Uint8Array): string {
  const parsed = parseCcel(bytes);
  return parsed.ok ? "ok" : parsed.error.code;
}

/** Why an area is malformed, and at which offset. */
function reasonOf(bytes: Uint8Array): string {
  const parsed = parseCcel(bytes);
  if (parsed.ok || parsed.error.code !== "event-log-malformed") throw new Error("not malformed");
  return `${parsed.error.facts.reason} at ${parsed.error.facts["offset"]}`;
}

const EIGHT_ALGORITHMS = Array.from({ length: 8 }, (_, index) => [SHA384 + 0x100 * index, 48] as const);

describe("the end of the log", () => {
  const events = record();
  test.each([
    { name: "FF filler after an FF end", end: filler(0xff, 64) },
    { name: "an FF index and nothing more", end: u32(0xffffffff) },
    { name: "zero filler", end: filler(0, 64) },
    { name: "eight zero bytes and nothing more", end: filler(0, 8) },
    { name: "the exact end of the area", end: [] },
    { name: "one to three bytes of zeros", end: filler(0, 3) },
    { name: "one to three bytes of FF", end: filler(0xff, 1) },
  ])("is $name", ({ end }) => {
    const parsed = parseCcel(area(header, events, end));
    expect(parsed.ok && parsed.value.events.length).toBe(1);
  });

  test.each([
    { name: "a record after an FF end", reason: "data after the end marker", end: [...u32(0xffffffff), ...record()] },
    { name: "one byte after an FF end", reason: "data after the end marker", end: [...filler(0xff, 60), 0xfe] },
    { name: "zeros after an FF end", reason: "data after the end marker", end: [...u32(0xffffffff), ...filler(0, 8)] },
    { name: "a record after a zero end", reason: "data after the end marker", end: [...filler(0, 8), ...record()] },
    { name: "one byte after a zero end", reason: "data after the end marker", end: [...filler(0, 60), 1] },
    { name: "FF after a zero end", reason: "data after the end marker", end: [...filler(0, 8), ...filler(0xff, 8)] },
    { name: "bytes that are no filler", reason: "cut short", end: [1, 0] },
    { name: "filler of two kinds", reason: "cut short", end: [0, 0xff] },
    { name: "four to seven zero bytes, which could be half a record", reason: "cut short", end: filler(0, 7) },
    { name: "four zero bytes, the least of these", reason: "cut short", end: filler(0, 4) },
    {
      name: "a record whose index is the end marker",
      reason: "data after the end marker",
      end: record({ index: 0xffffffff, type: 3 }),
    },
  ])("refuses $name", ({ reason, end }) => {
    expect(reasonOf(area(header, events, end))).toBe(`${reason} at ${header.length + events.length}`);
  });

  test("a log of a header alone has no events", () => {
    expect(parseCcel(area(header))).toEqual({ ok: true, value: { format: "ccel", events: [] } });
  });
});

describe("the spec ID record", () => {
  test.each([
    { name: "register index 0 (td-shim)", fields: { registerIndex: 0, vendor: "td-shim" } },
    {
      name: "every algorithm of the table",
      fields: {
        algorithms: [
          [SHA1, 20],
          [SHA256, 32],
          [SHA384, 48],
          [SHA512, 64],
          [SM3, 32],
        ] as const,
      },
    },
    { name: "eight algorithms", fields: { algorithms: EIGHT_ALGORITHMS } },
    {
      name: "an algorithm outside the table",
      fields: {
        algorithms: [
          [SHA384, 48],
          [0x27, 32],
        ] as const,
      },
    },
  ])("reads $name", ({ fields }) => {
    expect(refusal(area(specIdRecord(fields), record()))).toBe("ok");
  });

  test.each([
    { name: "an empty area", reason: "cut short at 0", bytes: [] },
    { name: "an area of FF filler", reason: "the log does not open with EV_NO_ACTION at 4", bytes: filler(0xff, 4096) },
    { name: "an area of zeros", reason: "the log does not open with EV_NO_ACTION at 4", bytes: filler(0, 4096) },
    {
      name: "another event type",
      reason: "the log does not open with EV_NO_ACTION at 4",
      bytes: specIdRecord({ type: 8 }),
    },
    {
      name: "a digest that is not zero",
      reason: "digest is not zero at 8",
      bytes: specIdRecord({ digest: [1, ...filler(0, 19)] }),
    },
    {
      name: "another signature",
      reason: "not a spec ID event of version 2 at 32",
      bytes: specIdRecord({ signature: "Spec ID Event02\0" }),
    },
    {
      name: "a signature without its NUL",
      reason: "not a spec ID event of version 2 at 32",
      bytes: specIdRecord({ signature: "Spec ID Event03 " }),
    },
    {
      name: "another major version",
      reason: "not a spec ID event of version 2 at 32",
      bytes: specIdRecord({ major: 3 }),
    },
    {
      name: "a size one too small",
      reason: "event size does not fit its content at 32",
      bytes: specIdRecord({ sizeError: -1 }),
    },
    {
      name: "a size one too large",
      reason: "event size does not fit its content at 32",
      bytes: [...specIdRecord({ sizeError: 1 }), ...record()],
    },
    {
      name: "a size of 2³²−1",
      reason: "event size past the end of the log at 28",
      bytes: specIdRecord({ eventSize: 0xffffffff }),
    },
    { name: "a size of 0", reason: "not a spec ID event of version 2 at 32", bytes: specIdRecord({ eventSize: 0 }) },
    {
      name: "a size that cuts the algorithms off",
      reason: "event size does not fit its content at 32",
      bytes: specIdRecord({ eventSize: 28 }),
    },
    { name: "no algorithm", reason: "number of algorithms at 32", bytes: specIdRecord({ algorithms: [] }) },
    {
      name: "nine algorithms",
      reason: "number of algorithms at 32",
      bytes: specIdRecord({ algorithms: Array.from({ length: 9 }, (_, i) => [SHA384 + 0x100 + i, 48] as const) }),
    },
    {
      name: "2³²−1 algorithms",
      reason: "number of algorithms at 32",
      bytes: specIdRecord({ algorithmCount: 0xffffffff }),
    },
    {
      name: "more algorithms than it has bytes for",
      reason: "event size does not fit its content at 32",
      bytes: specIdRecord({ algorithmCount: 8 }),
    },
    {
      name: "a vendor size too large",
      reason: "event size does not fit its content at 32",
      bytes: specIdRecord({ vendor: "td-shim", vendorSize: 8 }),
    },
    {
      name: "a vendor size too small",
      reason: "event size does not fit its content at 32",
      bytes: specIdRecord({ vendor: "td-shim", vendorSize: 6 }),
    },
    {
      name: "SHA-384 of 32 bytes",
      reason: "contradicting algorithm at 60",
      bytes: specIdRecord({ algorithms: [[SHA384, 32]] }),
    },
    {
      name: "SHA-384 of 65535 bytes",
      reason: "contradicting algorithm at 60",
      bytes: specIdRecord({ algorithms: [[SHA384, 0xffff]] }),
    },
    ...[
      { name: "SHA-1 of 0 bytes", algorithm: [SHA1, 0] as const },
      { name: "SHA-256 of 48 bytes", algorithm: [SHA256, 48] as const },
      { name: "SHA-512 of 48 bytes", algorithm: [SHA512, 48] as const },
      { name: "SM3 of 48 bytes", algorithm: [SM3, 48] as const },
    ].map(({ name, algorithm }) => ({
      name,
      reason: "contradicting algorithm at 60",
      bytes: specIdRecord({ algorithms: [algorithm] }),
    })),
    {
      name: "one algorithm declared twice",
      reason: "contradicting algorithm at 64",
      bytes: specIdRecord({
        algorithms: [
          [0x27, 32],
          [0x27, 48],
        ],
      }),
    },
    { name: "31 bytes", reason: "cut short at 0", bytes: header.slice(0, 31) },
    {
      name: "32 bytes that announce no event",
      reason: "not a spec ID event of version 2 at 32",
      bytes: specIdRecord({ eventSize: 0 }).slice(0, 32),
    },
    {
      name: "an event that ends before its algorithms",
      reason: "not a spec ID event of version 2 at 32",
      bytes: specIdRecord({ eventSize: 27 }),
    },
    {
      name: "the same at the end of the area",
      reason: "not a spec ID event of version 2 at 32",
      bytes: specIdRecord({ eventSize: 22 }).slice(0, 54),
    },
    {
      name: "a size one past the end of the area",
      reason: "event size past the end of the log at 28",
      bytes: specIdRecord({ sizeError: 1 }),
    },
  ])("refuses $name", ({ reason, bytes }) => {
    expect(reasonOf(area(bytes))).toBe(reason);
  });

  test("says where it stopped", () => {
    expect(parseCcel(area(specIdRecord({ type: 8 })))).toEqual({
      ok: false,
      error: {
        stage: "event-log",
        code: "event-log-malformed",
        facts: { subject: "spec ID record", offset: 4, reason: "the log does not open with EV_NO_ACTION" },
      },
    });
  });
});

describe("records", () => {
  test("are listed in log order with register, type, name, digest and payload", () => {
    const digest = sha384(filler(0, 4));
    const log = area(
      header,
      record({ index: 1, type: 0x4, digests: [[SHA384, digest]], event: filler(0, 4) }),
      record({ index: 4, type: 0x12345678, event: [] }),
      record({ index: 2, type: 0xd }),
    );
    expect(parseCcel(log)).toEqual({
      ok: true,
      value: {
        format: "ccel",
        events: [
          {
            index: 0,
            register: "rtmr0",
            type: 4,
            name: "EV_SEPARATOR",
            digest: hex(digest),
            payload: "00000000",
            digestMatches: true,
          },
          { index: 1, register: "rtmr3", type: 0x12345678, name: "0x12345678", digest: hex(SOME_DIGEST), payload: "" },
          {
            index: 2,
            register: "rtmr1",
            type: 0xd,
            name: "EV_IPL",
            digest: hex(SOME_DIGEST),
            payload: Buffer.from("data").toString("hex"),
          },
        ],
      },
    });
  });

  test.each([0x4, 0x80000001, 0x80000006, 0x80000007, 0x800000e0])(
    "of type %i say whether their digest covers their data",
    (type) => {
      const event = ascii("Exit Boot Services");
      const parsed = parseCcel(
        area(header, record({ type, event, digests: [[SHA384, sha384(event)]] }), record({ type, event })),
      );
      expect(parsed.ok && parsed.value.events.map((e) => e.digestMatches)).toEqual([true, false]);
    },
  );

  test.each([0x1, 0x5, 0xa, 0xd, 0x80000002, 0x80000003, 0x8000000a, 0x8000000b, 0xdeadbeef])(
    "of type %i, whose digest covers something else, say nothing even where it would be equal",
    (type) => {
      const event = ascii("x");
      const parsed = parseCcel(area(header, record({ type, event, digests: [[SHA384, sha384(event)]] })));
      expect(parsed.ok && parsed.value.events.map((e) => "digestMatches" in e)).toEqual([false]);
    },
  );

  test.each([0, 1, 4, 5, 0xfffffffe])("of type EV_NO_ACTION with index %i are listed and extend nothing", (index) => {
    const parsed = parseCcel(area(header, record({ index, type: 3 })));
    expect(parsed.ok && parsed.value.events[0]).toMatchObject({
      register: null,
      name: "EV_NO_ACTION",
      digest: hex(SOME_DIGEST),
    });
  });

  test("of type EV_NO_ACTION need no SHA-384 digest", () => {
    const log = area(
      specIdRecord({ algorithms: [[SM3, 32]] }),
      record({ index: 0, type: 3, digests: [[SM3, filler(7, 32)]] }),
    );
    const parsed = parseCcel(log);
    expect(parsed.ok && parsed.value.events[0]).toMatchObject({ register: null, digest: "" });
  });

  test("may carry digests of other algorithms beside SHA-384", () => {
    const log = area(
      specIdRecord({
        algorithms: [
          [SHA256, 32],
          [SHA384, 48],
          [0x27, 3],
        ],
      }),
      record({
        digests: [
          [SHA256, filler(1, 32)],
          [0x27, filler(2, 3)],
          [SHA384, SOME_DIGEST],
        ],
      }),
    );
    const parsed = parseCcel(log);
    expect(parsed.ok && parsed.value.events[0]?.digest).toBe(hex(SOME_DIGEST));
  });

  test.each([
    { name: "only SM3", digests: [[SM3, filler(1, 32)]] as const, actual: 0 },
    {
      name: "two SHA-384 digests",
      digests: [
        [SHA384, SOME_DIGEST],
        [SHA384, SOME_DIGEST],
      ] as const,
      actual: 2,
    },
  ])("with $name are refused", ({ digests, actual }) => {
    const algorithms = [
      [SHA384, 48],
      [SM3, 32],
    ] as const;
    const before = [...specIdRecord({ algorithms }), ...record()];
    expect(parseCcel(area(before, record({ digests })))).toEqual({
      ok: false,
      error: {
        stage: "event-log",
        code: "event-log-no-sha384",
        facts: { subject: "event 1", offset: before.length, expected: 1, actual },
      },
    });
  });

  test.each([
    { name: "index 0 on an event to be extended", reason: "register index", bytes: record({ index: 0 }) },
    { name: "index 5", reason: "register index", bytes: record({ index: 5 }) },
    { name: "index 2³²−2", reason: "register index", bytes: record({ index: 0xfffffffe }) },
    {
      name: "an algorithm that was not declared",
      reason: "algorithm not declared",
      bytes: record({ digests: [[SHA256, filler(1, 32)]] }),
    },
    { name: "no digest", reason: "number of digests", bytes: record({ digests: [] }) },
    {
      name: "nine digests",
      reason: "number of digests",
      bytes: record({ digests: Array.from({ length: 9 }, () => [SHA384, SOME_DIGEST] as const) }),
    },
    { name: "2³²−1 digests", reason: "number of digests", bytes: record({ digestCount: 0xffffffff }) },
    { name: "more digests than there are", reason: "algorithm not declared", bytes: record({ digestCount: 8 }) },
    { name: "event data of 2³²−1 bytes", reason: "cut short", bytes: record({ eventSize: 0xffffffff }) },
    { name: "event data of 2³¹ bytes", reason: "cut short", bytes: record({ eventSize: 0x80000000 }) },
    { name: "event data one byte longer than the area", reason: "cut short", bytes: record({ eventSize: 5 }) },
    { name: "only an index", reason: "cut short", bytes: u32(1) },
    {
      name: "twelve bytes that announce no digest",
      reason: "number of digests",
      bytes: record({ digests: [] }).slice(0, 12),
    },
    {
      name: "an undeclared algorithm at the end",
      reason: "algorithm not declared",
      bytes: record({ digests: [[SHA1, []]] }).slice(0, 14),
    },
  ])("with $name are malformed", ({ reason, bytes }) => {
    expect(reasonOf(area(header, record(), bytes))).toMatch(new RegExp(`^${reason} at [0-9]+$`));
  });

  test("may have eight digests, no type, and no data at the end of the area", () => {
    const digests = EIGHT_ALGORITHMS.map(([algorithm]) => [algorithm, SOME_DIGEST] as const);
    const log = area(
      specIdRecord({ algorithms: EIGHT_ALGORITHMS }),
      record({ digests }),
      record({ type: 0, event: [] }),
    );
    const parsed = parseCcel(log);
    expect(parsed.ok && parsed.value.events.map(({ type }) => type)).toEqual([0xd, 0]);
  });

  test("are malformed when cut anywhere inside", () => {
    const whole = area(header, record({ index: 2, type: 3 }), record({ event: ascii("some event data") }));
    const ends = new Set([header.length, header.length + record().length]);
    for (let end = 0; end < whole.length; end += 1) {
      expect([end, refusal(whole.subarray(0, end))]).toEqual([end, ends.has(end) ? "ok" : "event-log-malformed"]);
    }
    expect(refusal(whole)).toBe("ok");
  });
});

test("an area above the limit is refused before it is read", () => {
  const atLimit = new Uint8Array(CCEL_LIMIT_BYTES).fill(0xff);
  atLimit.set(header);
  expect(refusal(atLimit)).toBe("ok");
  const above = new Uint8Array(CCEL_LIMIT_BYTES + 1).fill(0xff);
  above.set(header);
  expect(parseCcel(above)).toMatchObject({
    ok: false,
    error: { code: "event-log-malformed", facts: { reason: "too large", actual: CCEL_LIMIT_BYTES + 1 } },
  });
});

test("a view into a larger buffer is read from its own start", () => {
  const log = area(header, record());
  const padded = new Uint8Array(log.length + 20).fill(0xaa);
  padded.set(log, 13);
  expect(parseCcel(padded.subarray(13, 13 + log.length))).toEqual(parseCcel(log));
});
