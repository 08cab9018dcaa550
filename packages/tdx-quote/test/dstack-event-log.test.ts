import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { DSTACK_EVENT_LIMIT, DSTACK_EVENT_LOG_LIMIT_BYTES, parseDstackEventLog } from "../src/dstack-event-log.ts";

const RUNTIME = 134217729;
const hash = (data: string | Uint8Array): string => createHash("sha384").update(data).digest("hex");
const v1Digest = (name: string, payloadHex: string): string =>
  hash(Buffer.concat([Buffer.from("01000008", "hex"), Buffer.from(`:${name}:`), Buffer.from(payloadHex, "hex")]));
const v2Canonical = (name: string, payload: string): string =>
  `{"name":"${name}","payload":"${payload}","type":134217729}`;
const v2Preimage = (name: string, payload: string): string => Buffer.from(v2Canonical(name, payload)).toString("hex");

const boot = { imr: 0, event_type: 0xa, digest: "ab".repeat(48), event: "", event_payload: "" };
const v1 = { imr: 3, event_type: RUNTIME, digest: "", event: "app-id", event_payload: "0a0b" };
const v2 = { ...v1, version: 2, preimage: v2Preimage("app-id", "0a0b") };

/** Why a log is malformed. */
function reasonOf(log: unknown): string {
  const parsed = parseDstackEventLog(JSON.stringify(log));
  if (parsed.ok || parsed.error.code !== "event-log-malformed") throw new Error("not malformed");
  return String(parsed.error.facts.reason);
}

function outcome(log: unknown): string {
  const parsed = parseDstackEventLog(JSON.stringify(log));
  return parsed.ok ? "ok" : parsed.error.code;
}

describe("runtime events", () => {
  const digest1 = v1Digest("app-id", "0a0b");
  const digest2 = hash(v2Canonical("app-id", "0a0b"));
  test.each([
    { name: "version 1 with its digest", event: { ...v1, digest: digest1 }, digest: digest1 },
    { name: "version 1 said aloud", event: { ...v1, version: 1 }, digest: digest1 },
    { name: "version 1 with an empty digest", event: v1, digest: digest1 },
    { name: "upper-case hex", event: { ...v1, event_payload: "0A0B", digest: digest1.toUpperCase() }, digest: digest1 },
    { name: "version 2 with its digest", event: { ...v2, digest: digest2 }, digest: digest2 },
    { name: "version 2 with an empty digest", event: v2, digest: digest2 },
    {
      name: "version 2 with an upper-case preimage",
      event: { ...v2, preimage: v2.preimage.toUpperCase() },
      digest: digest2,
    },
    { name: "a field nobody knows", event: { ...v1, later: { version: 7 } }, digest: digest1 },
    { name: "a preimage on version 1, which is not read", event: { ...v1, preimage: "00" }, digest: digest1 },
  ])("are read: $name", ({ event, digest }) => {
    expect(parseDstackEventLog(JSON.stringify([event]))).toEqual({
      ok: true,
      value: {
        format: "dstack",
        events: [
          { index: 0, register: "rtmr3", type: RUNTIME, name: "app-id", digest, payload: "0a0b", digestMatches: true },
        ],
      },
    });
  });

  test("of both versions may stand in one log", () => {
    const parsed = parseDstackEventLog(JSON.stringify([v1, v2, { ...v1, version: 1 }]));
    expect(parsed.ok && parsed.value.events.map((event) => event.digest)).toEqual([digest1, digest2, digest1]);
  });

  test("measure a name by its bytes, and a payload that reads like text as hex", () => {
    const event = { ...v1, event: "é😀", event_payload: "3132" };
    const parsed = parseDstackEventLog(JSON.stringify([event]));
    expect(parsed.ok && parsed.value.events[0]?.digest).toBe(v1Digest("é😀", "3132"));
  });

  test.each([
    { name: "version 1, digest of another payload", event: { ...v1, digest: v1Digest("app-id", "0a0c") } },
    { name: "version 1, digest by the rule of version 2", event: { ...v1, digest: digest2 } },
    { name: "version 2, digest by the rule of version 1", event: { ...v2, digest: digest1 } },
  ])("whose digest is not theirs are refused: $name", ({ event }) => {
    expect(parseDstackEventLog(JSON.stringify([boot, event]))).toMatchObject({
      ok: false,
      error: {
        stage: "event-log",
        code: "event-log-digest-mismatch",
        facts: { subject: "event 1", actual: event.digest },
      },
    });
  });

  test.each([
    { name: "version 2 without preimage", reason: "version 2 without preimage", event: { ...v1, version: 2 } },
    {
      name: "version 2 with an empty preimage",
      reason: "preimage is not the canonical form of the event",
      event: { ...v2, preimage: "" },
    },
    {
      name: "version 2 with a preimage in another order",
      reason: "preimage is not the canonical form of the event",
      event: {
        ...v2,
        preimage: Buffer.from('{"type":134217729,"name":"app-id","payload":"0a0b"}').toString("hex"),
        digest: hash('{"type":134217729,"name":"app-id","payload":"0a0b"}'),
      },
    },
    {
      name: "version 2 with a preimage with a space",
      reason: "preimage is not the canonical form of the event",
      event: { ...v2, preimage: Buffer.from('{"name": "app-id","payload":"0a0b","type":134217729}').toString("hex") },
    },
    {
      name: "version 2 with the preimage of another event",
      reason: "preimage is not the canonical form of the event",
      event: { ...v2, preimage: v2Preimage("app-id", "0a0c") },
    },
    { name: "a preimage of odd length", reason: "preimage must be hex", event: { ...v2, preimage: `${v2.preimage}0` } },
    {
      name: "a preimage as text",
      reason: "preimage must be hex",
      event: { ...v2, preimage: v2Canonical("app-id", "0a0b") },
    },
    { name: "a preimage of null", reason: "preimage must be hex", event: { ...v2, preimage: null } },
    { name: "version 3", reason: "version must be 1 or 2", event: { ...v2, version: 3 } },
    { name: "version 0", reason: "version must be 1 or 2", event: { ...v2, version: 0 } },
    { name: "version as text", reason: "version must be 1 or 2", event: { ...v1, version: "1" } },
    { name: "version null", reason: "version must be 1 or 2", event: { ...v1, version: null } },
    { name: "a colon in a version 1 name", reason: "colon in a version 1 name", event: { ...v1, event: "a:b" } },
    { name: "an empty name", reason: "empty name", event: { ...v1, event: "" } },
    {
      name: "a name of 257 bytes",
      reason: "name is not well-formed Unicode of at most 256 bytes",
      event: { ...v1, event: "é".repeat(128) + "x" },
    },
    {
      name: "a payload of odd length",
      reason: "event_payload must be one text of hex",
      event: { ...v1, event_payload: "0a0" },
    },
    {
      name: "a payload with 0x",
      reason: "event_payload must be one text of hex",
      event: { ...v1, event_payload: "0x0a" },
    },
    {
      name: "a payload that is no text",
      reason: "event_payload must be one text of hex",
      event: { ...v1, event_payload: 10 },
    },
    { name: "no payload", reason: "event_payload must be one text of hex", event: { ...v1, event_payload: undefined } },
    { name: "no digest", reason: "digest must be empty or 48 bytes of hex", event: { ...v1, digest: undefined } },
    {
      name: "a digest of 47 bytes",
      reason: "digest must be empty or 48 bytes of hex",
      event: { ...v1, digest: digest1.slice(2) },
    },
    {
      name: "a digest of 49 bytes",
      reason: "digest must be empty or 48 bytes of hex",
      event: { ...v1, digest: `${digest1}00` },
    },
    {
      name: "a digest of odd length",
      reason: "digest must be empty or 48 bytes of hex",
      event: { ...v1, digest: digest1.slice(1) },
    },
    { name: "imr 0", reason: "runtime events belong to imr 3, and only they", event: { ...v1, imr: 0 } },
    { name: "imr 4", reason: "imr must be 0..3", event: { ...v1, imr: 4 } },
    { name: "imr 2³²−1", reason: "imr must be 0..3", event: { ...v1, imr: 0xffffffff } },
  ])("are malformed: $name", ({ reason, event }) => {
    expect(reasonOf([boot, event])).toBe(reason);
  });
});

describe("boot events", () => {
  test("show a payload and judge its digest only where the digest covers it", () => {
    const separator = { ...boot, imr: 1, event_type: 4, digest: hash(new Uint8Array(4)), event_payload: "00000000" };
    const parsed = parseDstackEventLog(
      JSON.stringify([
        { ...boot, imr: 2, event: "acpi-loader" },
        { ...boot, event_payload: "00ff" },
        separator,
        { ...separator, event_payload: "00000001" },
        { ...separator, event_payload: "" },
      ]),
    );
    expect(parsed.ok && parsed.value.events).toEqual([
      { index: 0, register: "rtmr2", type: 0xa, name: "acpi-loader", digest: boot.digest },
      { index: 1, register: "rtmr0", type: 0xa, name: "", digest: boot.digest, payload: "00ff" },
      {
        index: 2,
        register: "rtmr1",
        type: 4,
        name: "",
        digest: separator.digest,
        payload: "00000000",
        digestMatches: true,
      },
      {
        index: 3,
        register: "rtmr1",
        type: 4,
        name: "",
        digest: separator.digest,
        payload: "00000001",
        digestMatches: false,
      },
      { index: 4, register: "rtmr1", type: 4, name: "", digest: separator.digest },
    ]);
  });

  test.each([
    { name: "an empty digest", reason: "a boot event without digest", event: { ...boot, digest: "" } },
    {
      name: "a digest of 47 bytes",
      reason: "digest must be empty or 48 bytes of hex",
      event: { ...boot, digest: "ab".repeat(47) },
    },
    {
      name: "a digest of odd length",
      reason: "digest must be empty or 48 bytes of hex",
      event: { ...boot, digest: "ab".repeat(47) + "a" },
    },
    {
      name: "a boot type in imr 3",
      reason: "runtime events belong to imr 3, and only they",
      event: { ...boot, imr: 3 },
    },
    { name: "imr 4", reason: "imr must be 0..3", event: { ...boot, imr: 4 } },
    { name: "imr as text", reason: "imr must be 0..3", event: { ...boot, imr: "0" } },
    { name: "imr with a fraction", reason: "imr must be 0..3", event: { ...boot, imr: 0.5 } },
    { name: "no imr", reason: "imr must be 0..3", event: { ...boot, imr: undefined } },
    {
      name: "a type of 2³²",
      reason: "event_type must be one unsigned 32-bit integer",
      event: { ...boot, event_type: 2 ** 32 },
    },
    {
      name: "a negative type",
      reason: "event_type must be one unsigned 32-bit integer",
      event: { ...boot, event_type: -1 },
    },
    {
      name: "no type",
      reason: "event_type must be one unsigned 32-bit integer",
      event: { ...boot, event_type: undefined },
    },
    { name: "a name that is no text", reason: "event must be text", event: { ...boot, event: null } },
    {
      name: "a name of 257 bytes",
      reason: "event must be at most 256 bytes",
      event: { ...boot, event: "x".repeat(257) },
    },
    { name: "version 3", reason: "version must be 1 or 2", event: { ...boot, version: 3 } },
    { name: "null", reason: "not an object", event: null },
    { name: "an array", reason: "not an object", event: [] },
  ])("are malformed: $name", ({ reason, event }) => {
    expect(reasonOf([event])).toBe(reason);
  });

  test("with a number in exponent spelling are malformed", () => {
    const text = JSON.stringify([boot]).replace('"event_type":10', '"event_type":1e1');
    expect(parseDstackEventLog(text)).toMatchObject({ ok: false, error: { code: "event-log-malformed" } });
  });
});

describe("two spellings of a field", () => {
  const { event_type, event_payload, ...rest } = v1;
  test.each([
    {
      name: "camel case alone",
      event: { ...rest, eventType: event_type, eventPayload: event_payload },
      expected: "ok",
    },
    {
      name: "both with equal values",
      event: { ...v1, eventType: event_type, eventPayload: event_payload },
      expected: "ok",
    },
    { name: "two payloads", event: { ...v1, eventPayload: "0a0c" }, expected: "event-log-malformed" },
    { name: "two types", event: { ...v1, eventType: 4 }, expected: "event-log-malformed" },
    { name: "a type and a text", event: { ...v1, eventType: String(event_type) }, expected: "event-log-malformed" },
    { name: "a payload and null", event: { ...v1, eventPayload: null }, expected: "event-log-malformed" },
    { name: "null and a type", event: { ...v1, event_type: null, eventType: 4 }, expected: "event-log-malformed" },
    { name: "null twice", event: { ...v1, event_payload: null, eventPayload: null }, expected: "event-log-malformed" },
    { name: "an array twice", event: { ...v1, event_type: [], eventType: [] }, expected: "event-log-malformed" },
  ])("$name: $expected", ({ event, expected }) => {
    expect(outcome([event])).toBe(expected);
  });
});

describe("where the array of events may be", () => {
  const log = [boot, v1];
  const text = JSON.stringify(log);
  /** The text as a JSON string, as often as told. */
  const nested = (times: number): string =>
    Array.from({ length: times }).reduce<string>((inner) => JSON.stringify(inner), text);
  test.each([
    { name: "the document itself", document: log },
    { name: "JSON text in a JSON string", document: text },
    { name: "an answer's event_log as text", document: { quote: "00", event_log: text, report_data: "00" } },
    { name: "an answer's eventLog as text", document: { eventLog: text } },
    { name: "an answer's event_log as an array", document: { event_log: log } },
    { name: "an answer's event_log as text in text", document: { event_log: JSON.stringify(text) } },
    { name: "an answer that is itself text", document: JSON.stringify({ event_log: text }) },
    { name: "an answer with both spellings and one text", document: { event_log: text, eventLog: text } },
    { name: "no events", document: [] },
    { name: "text three times over", document: nested(2) },
  ])("$name", ({ document }) => {
    expect(outcome(document)).toBe("ok");
    expect(parseDstackEventLog(new TextEncoder().encode(JSON.stringify(document)))).toMatchObject({ ok: true });
  });

  test.each([
    {
      name: "an answer with two different logs",
      reason: "no event_log, or two different ones, in the answer",
      document: { event_log: text, eventLog: "[]" },
    },
    {
      name: "an answer without a log",
      reason: "no event_log, or two different ones, in the answer",
      document: { quote: "00" },
    },
    {
      name: "an answer inside an answer",
      reason: "not an array of events",
      document: { event_log: { event_log: log } },
    },
    { name: "a number", reason: "not an array of events", document: 7 },
    { name: "null", reason: "not an array of events", document: { event_log: null } },
    {
      name: "an answer inside the text of an answer",
      reason: "not an array of events",
      document: { event_log: JSON.stringify({ event_log: text }) },
    },
    { name: "text four times over", reason: "text nested too deeply", document: nested(3) },
    { name: "text five times over", reason: "text nested too deeply", document: nested(5) },
  ])("refuses $name", ({ reason, document }) => {
    expect(reasonOf(document)).toBe(reason);
  });

  test("says where text in an answer is no JSON", () => {
    expect(parseDstackEventLog(JSON.stringify({ event_log: "[" }))).toMatchObject({
      error: { code: "event-log-malformed", facts: { offset: 1, reason: expect.stringMatching(/./) } },
    });
  });

  test.each([
    { name: "empty text", text: "" },
    { name: "text after the array", text: "[] []" },
    {
      name: "duplicate keys in an event",
      text: `[{"imr":0,"imr":0,"event_type":10,"digest":"${boot.digest}","event":"","event_payload":""}]`,
    },
    { name: "duplicate keys in an answer", text: '{"event_log":[],"event_log":[]}' },
    { name: "duplicate keys in the nested text", text: JSON.stringify({ event_log: '[{"a":1,"a":2}]' }) },
    { name: "a byte order mark", text: "\ufeff[]" },
    { name: "a lone surrogate as a name", text: JSON.stringify([{ ...v1, event: "\ud800" }]) },
    { name: "nesting without end", text: "[".repeat(100_000) },
  ])("refuses $name", ({ text: document }) => {
    expect(parseDstackEventLog(document)).toMatchObject({ ok: false, error: { code: "event-log-malformed" } });
  });

  test("refuses bytes that are no UTF-8", () => {
    expect(parseDstackEventLog(Uint8Array.of(0x5b, 0xff, 0x5d))).toMatchObject({ ok: false });
  });
});

const entries = (count: number): string => `[${"0,".repeat(count - 1)}0]`;
const padded = (length: number): string => `[]${" ".repeat(length - 2)}`;

describe("limits", () => {
  test("65,536 events are looked at, one more is refused", () => {
    expect(parseDstackEventLog(entries(DSTACK_EVENT_LIMIT))).toMatchObject({
      ok: false,
      error: { facts: { subject: "event 0" } },
    });
    expect(parseDstackEventLog(entries(DSTACK_EVENT_LIMIT + 1))).toMatchObject({
      ok: false,
      error: { code: "event-log-malformed", facts: { reason: "too many events", actual: DSTACK_EVENT_LIMIT + 1 } },
    });
    expect(DSTACK_EVENT_LIMIT).toBe(65_536);
  });

  test("a text above 8 MiB is refused", () => {
    expect(parseDstackEventLog(padded(DSTACK_EVENT_LOG_LIMIT_BYTES))).toMatchObject({ ok: true });
    expect(parseDstackEventLog(padded(DSTACK_EVENT_LOG_LIMIT_BYTES + 1))).toMatchObject({
      ok: false,
      error: { code: "event-log-malformed" },
    });
  });
});
