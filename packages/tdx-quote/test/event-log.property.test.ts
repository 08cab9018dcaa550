import * as fc from "fast-check";
import { expect, test } from "vitest";
import { parseCcel } from "../src/ccel.ts";
import { parseEventLog } from "../src/parse-event-log.ts";
import { replayEventLog, verifyReplay } from "../src/replay.ts";
import type { EventLog, EventLogRegister } from "../src/event-log.ts";
import { area, filler, record, specIdRecord } from "./ccel-writer.ts";

const digest = fc.uint8Array({ minLength: 48, maxLength: 48 }).map((bytes) => Buffer.from(bytes).toString("hex"));
const register = fc.constantFrom<EventLogRegister>("rtmr0", "rtmr1", "rtmr2", "rtmr3");
const log: fc.Arbitrary<EventLog> = fc
  .array(fc.record({ register, digest }), { minLength: 1, maxLength: 12 })
  .map((events) => ({
    format: "ccel",
    events: events.map((event, index) => ({ index, type: 0xd, name: "EV_IPL", ...event })),
  }));

test("no bytes make the parser throw", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.constantFrom("auto", "ccel", "dstack"), (bytes, format) => {
      const parsed = parseEventLog(bytes, format);
      expect(parsed.ok || parsed.error.stage === "event-log").toBe(true);
    }),
  );
});

test("no JSON makes the parser throw", () => {
  fc.assert(
    fc.property(fc.json({ stringUnit: "grapheme" }), (text) => {
      const parsed = parseEventLog(text);
      expect(parsed.ok || parsed.error.code === "event-log-malformed").toBe(true);
    }),
  );
});

test("no dstack entry with odd fields makes the parser throw", () => {
  const odd = fc.oneof(fc.json(), fc.constantFrom('"00"', '""', "134217729", "3", "0", "1", "2", '"a:b"'));
  const entry = fc
    .record(
      {
        imr: odd,
        event_type: odd,
        eventType: odd,
        digest: odd,
        event: odd,
        event_payload: odd,
        version: odd,
        preimage: odd,
      },
      { requiredKeys: ["imr", "event_type", "digest", "event", "event_payload"] },
    )
    .map(
      (fields) =>
        `{${Object.entries(fields)
          .map(([key, value]) => `"${key}":${value}`)
          .join(",")}}`,
    );
  fc.assert(
    fc.property(entry, (text) => {
      const parsed = parseEventLog(`[${text}]`);
      expect(parsed.ok || parsed.error.stage === "event-log").toBe(true);
    }),
  );
});

test("no byte of a CCEL can change and make the parser throw", () => {
  const original = area(specIdRecord(), record({ index: 1 }), record({ index: 2, type: 4 }), filler(0xff, 8));
  fc.assert(
    fc.property(fc.nat({ max: original.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const changed = original.slice();
      changed[at] = (changed[at] ?? 0) ^ flip;
      const parsed = parseCcel(changed);
      expect(parsed.ok || parsed.error.stage === "event-log").toBe(true);
    }),
  );
});

function replayed(bytes: Uint8Array): unknown {
  const parsed = parseCcel(bytes);
  return parsed.ok && replayEventLog(parsed.value);
}

test("every byte of a digest in a CCEL counts in the replay", () => {
  const header = specIdRecord();
  const original = area(header, record(), record({ index: 3 }));
  const digestStart = header.length + 14;
  fc.assert(
    fc.property(fc.nat({ max: 47 }), fc.boolean(), fc.integer({ min: 1, max: 255 }), (at, inSecond, flip) => {
      const changed = original.slice();
      const offset = digestStart + at + (inSecond ? record().length : 0);
      changed[offset] = (changed[offset] ?? 0) ^ flip;
      expect(replayed(changed)).not.toEqual(replayed(original));
    }),
  );
});

test("sizes that claim up to 4 GiB cost no more than the bytes that are there", () => {
  fc.assert(
    fc.property(fc.integer({ min: 5, max: 0xffffffff }), (claimed) => {
      for (const bytes of [
        specIdRecord({ eventSize: claimed + 100 > 0xffffffff ? 0xffffffff : claimed + 100 }),
        [...specIdRecord(), ...record({ eventSize: claimed })],
        [...specIdRecord(), ...record({ digestCount: claimed })],
        specIdRecord({ algorithmCount: claimed }),
      ]) {
        expect(parseCcel(Uint8Array.from(bytes))).toMatchObject({ ok: false, error: { code: "event-log-malformed" } });
      }
    }),
  );
});

test("a log verifies against its own replay", () => {
  fc.assert(
    fc.property(log, (events) => {
      expect(verifyReplay(events, replayEventLog(events))).toMatchObject({ ok: true });
    }),
  );
});

test("replay is sensitive to the order of different digests in one register", () => {
  fc.assert(
    fc.property(register, fc.uniqueArray(digest, { minLength: 2, maxLength: 6 }), fc.nat(), (target, digests, seed) => {
      const inOrder = (values: readonly string[]): EventLog => ({
        format: "ccel",
        events: values.map((value, index) => ({ index, register: target, type: 0xd, name: "EV_IPL", digest: value })),
      });
      const at = seed % (digests.length - 1);
      const swapped = [...digests];
      swapped.splice(at, 2, String(digests[at + 1]), String(digests[at]));
      expect(replayEventLog(inOrder(swapped))).not.toEqual(replayEventLog(inOrder(digests)));
    }),
  );
});

test("dropping, repeating or moving any event changes the replay", () => {
  fc.assert(
    fc.property(log, fc.nat(), ({ events }, seed) => {
      const at = seed % events.length;
      const event = events[at];
      if (event === undefined) throw new Error("unreachable");
      const before = replayEventLog({ format: "ccel", events });
      const moved = { ...event, register: event.register === "rtmr0" ? ("rtmr1" as const) : ("rtmr0" as const) };
      for (const changed of [events.toSpliced(at, 1), events.toSpliced(at, 0, event), events.with(at, moved)]) {
        expect(replayEventLog({ format: "ccel", events: changed })).not.toEqual(before);
      }
    }),
  );
});
