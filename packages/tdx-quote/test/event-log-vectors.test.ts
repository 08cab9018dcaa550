import { describe, expect, test } from "vitest";
import { parseEventLog } from "../src/parse-event-log.ts";
import { parseQuote } from "../src/quote.ts";
import { replayEventLog, verifyReplay } from "../src/replay.ts";
import { appId, composeHash, findRuntimeEvent } from "../src/runtime-event-lookup.ts";
import type { EventLog } from "../src/event-log.ts";
import { HAS_REAL_VECTORS, readVector, readVectorText } from "./real-vectors.ts";

interface ExpectedCcel {
  readonly id: string;
  readonly file: string;
  readonly eventCount: number;
  readonly endOffset: number;
  readonly indexCounts: Readonly<Record<string, number>>;
  readonly replayed: Readonly<Record<"rtmr0" | "rtmr1" | "rtmr2" | "rtmr3", string>>;
  readonly quote?: string;
}

interface ExpectedDstack {
  readonly id: string;
  readonly file: string;
  readonly eventCount: number;
  readonly runtimeEvents: readonly { readonly event: string; readonly payload: string; readonly digest: string }[];
  readonly replayed: ExpectedCcel["replayed"];
}

interface Expectations {
  readonly ccel: readonly ExpectedCcel[];
  readonly dstack: readonly ExpectedDstack[];
}

/** What a guest agent answers. */
interface Answer {
  readonly quote: string;
  readonly event_log: string;
}

const expectations: Expectations = HAS_REAL_VECTORS
  ? JSON.parse(readVectorText("expected.json"))
  : { ccel: [], dstack: [] };

function parsed(input: Uint8Array | string): EventLog {
  const result = parseEventLog(input);
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

function reportOf(quote: Uint8Array) {
  const result = parseQuote(quote);
  if (!result.ok) throw new Error(result.error.code);
  return result.value.report;
}

describe.skipIf(!HAS_REAL_VECTORS)("real CCEL areas", () => {
  test.each(expectations.ccel)("$id replays to the recorded registers", (expected) => {
    const log = parsed(readVector(expected.file));
    expect(log.format).toBe("ccel");
    expect(log.events.length).toBe(expected.eventCount);
    const counts: Record<string, number> = {};
    for (const { register } of log.events) {
      const index = String(Number(register?.slice(4)) + 1);
      counts[index] = (counts[index] ?? 0) + 1;
    }
    expect(counts).toEqual(expected.indexCounts);
    expect(replayEventLog(log)).toEqual(expected.replayed);
    // True of every event whose digest can be recomputed in a log that firmware wrote.
    expect(log.events.filter((event) => event.digestMatches === false)).toEqual([]);
    expect(log.events.filter((event) => event.digestMatches).length).toBeGreaterThan(5);
  });

  test.each(expectations.ccel.filter((expected) => expected.quote !== undefined))(
    "$id is what its quote says, and a changed one is not",
    (expected) => {
      const area = readVector(expected.file);
      const report = reportOf(readVector(String(expected.quote)));
      expect(verifyReplay(parsed(area), report, ["rtmr0", "rtmr1", "rtmr2", "rtmr3"])).toMatchObject({ ok: true });

      const { events } = parsed(area);
      const [first, second] = events;
      if (first === undefined || second === undefined) throw new Error("a real log has many events");
      const variants: readonly EventLog["events"][] = [
        events.slice(1),
        events.toSpliced(5, 1),
        events.with(0, second).with(1, first),
        events.with(0, { ...first, register: "rtmr3" }),
        events.with(0, { ...first, digest: second.digest }),
      ];
      for (const changed of variants) {
        expect(verifyReplay({ format: "ccel", events: changed }, report)).toMatchObject({
          ok: false,
          error: { code: "event-log-mismatch" },
        });
      }
    },
  );

  test.each(expectations.ccel)("$id is malformed with data after its end, and read without its filler", (expected) => {
    const area = readVector(expected.file);
    expect(parsed(area.subarray(0, expected.endOffset))).toEqual(parsed(area));
    expect(parsed(area.subarray(0, expected.endOffset + 4))).toEqual(parsed(area));
    const withData = area.slice();
    withData[area.length - 1] = 0;
    expect(parseEventLog(withData)).toMatchObject({ ok: false, error: { code: "event-log-malformed" } });
  });
});

describe.skipIf(!HAS_REAL_VECTORS)("real dstack logs", () => {
  test.each(expectations.dstack)("$id replays to its quote, from every form it is passed on in", (expected) => {
    const answerText = readVectorText(expected.file);
    const answer: Answer = JSON.parse(answerText);
    const log = parsed(answerText);
    expect(log.events.length).toBe(expected.eventCount);
    expect(
      log.events
        .filter((event) => event.register === "rtmr3")
        .map(({ name, payload, digest }) => ({ event: name, payload, digest })),
    ).toEqual(expected.runtimeEvents.map(({ event, payload, digest }) => ({ event, payload, digest })));
    expect(replayEventLog(log)).toEqual(expected.replayed);
    expect(log.events.filter((event) => event.digestMatches === false)).toEqual([]);

    const report = reportOf(new Uint8Array(Buffer.from(answer.quote, "hex")));
    expect(verifyReplay(log, report, ["rtmr0", "rtmr1", "rtmr2", "rtmr3"])).toMatchObject({ ok: true });
    for (const form of [
      answer.event_log,
      JSON.stringify(answer.event_log),
      JSON.stringify({ eventLog: answer.event_log }),
    ]) {
      expect(parsed(form)).toEqual(log);
    }
  });

  test.each(expectations.dstack)("$id does not match with an event dropped, appended or rewritten", (expected) => {
    const answer: Answer = JSON.parse(readVectorText(expected.file));
    const report = reportOf(new Uint8Array(Buffer.from(answer.quote, "hex")));
    const entries: readonly Record<string, unknown>[] = JSON.parse(answer.event_log);
    const last = entries.at(-1);
    const bare = entries.map((entry) => (entry["imr"] === 3 ? { ...entry, digest: "" } : entry));
    const composeAt = bare.findIndex((entry) => entry["event"] === "compose-hash");
    for (const changed of [
      entries.slice(0, -1),
      [...entries, last],
      bare.with(composeAt, { ...bare[composeAt], event_payload: "00".repeat(32) }),
    ]) {
      expect(verifyReplay(parsed(JSON.stringify(changed)), report)).toMatchObject({
        ok: false,
        error: { code: "event-log-mismatch", facts: { subject: "rtmr3" } },
      });
    }
  });

  test.each(expectations.dstack)("$id names its application", (expected) => {
    const log = parsed(readVectorText(expected.file));
    const payloadOf = (name: string): string | undefined =>
      expected.runtimeEvents.find(({ event }) => event === name)?.payload;
    expect(composeHash(log)).toEqual({ ok: true, value: payloadOf("compose-hash") });
    expect(appId(log)).toEqual({ ok: true, value: payloadOf("app-id") });
    expect(findRuntimeEvent(log, "os-image-hash", "before-ready")).toMatchObject({ ok: true });
    expect(findRuntimeEvent(log, "os-image-hash", "boot")).toEqual({ ok: true, value: null });
  });
});
