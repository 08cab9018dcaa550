import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { EventLog, EventLogRegister } from "../src/event-log.ts";
import { compareReplay, extendRegister, replayEventLog, verifyReplay } from "../src/replay.ts";

const ZERO = "00".repeat(48);
const digest = (n: number): string => n.toString(16).padStart(2, "0").repeat(48);
/** The extend operation by another implementation of SHA-384. */
const chain = (...digests: readonly string[]): string =>
  digests.reduce(
    (register, next) =>
      createHash("sha384")
        .update(Buffer.from(register + next, "hex"))
        .digest("hex"),
    ZERO,
  );

function log(...events: readonly (readonly [register: EventLogRegister | null, digest: string])[]): EventLog {
  return {
    format: "ccel",
    events: events.map(([register, value], index) => ({ index, register, type: 0xd, name: "EV_IPL", digest: value })),
  };
}

describe("extendRegister", () => {
  test("hashes the old value before the digest", () => {
    expect(extendRegister(digest(1), digest(2))).toBe(
      createHash("sha384")
        .update(Buffer.from(digest(1) + digest(2), "hex"))
        .digest("hex"),
    );
    expect(extendRegister(digest(0xab).toUpperCase(), digest(2))).toBe(extendRegister(digest(0xab), digest(2)));
  });

  test.each([
    { name: "a register of 47 bytes", register: "00".repeat(47), value: ZERO },
    { name: "a digest of 32 bytes", register: ZERO, value: "00".repeat(32) },
    { name: "an empty digest", register: ZERO, value: "" },
    { name: "text", register: ZERO, value: "zz".repeat(48) },
  ])("does not take $name", ({ register, value }) => {
    expect(() => extendRegister(register, value)).toThrow(new RangeError("a register or digest is 48 bytes of hex"));
  });
});

describe("replayEventLog", () => {
  test("leaves registers without events at zero", () => {
    expect(replayEventLog(log())).toEqual({ rtmr0: ZERO, rtmr1: ZERO, rtmr2: ZERO, rtmr3: ZERO });
  });

  test("extends each register by its own events in log order", () => {
    const replayed = replayEventLog(
      log(["rtmr0", digest(1)], ["rtmr3", digest(2)], ["rtmr0", digest(3)], ["rtmr1", digest(4)]),
    );
    expect(replayed).toEqual({
      rtmr0: chain(digest(1), digest(3)),
      rtmr1: chain(digest(4)),
      rtmr2: ZERO,
      rtmr3: chain(digest(2)),
    });
  });

  test("passes over events that extend nothing", () => {
    expect(replayEventLog(log([null, digest(9)], ["rtmr0", digest(1)], [null, ""]))).toEqual(
      replayEventLog(log(["rtmr0", digest(1)])),
    );
  });

  test("takes only digests of 48 bytes: a hand-made log cannot smuggle another", () => {
    expect(() => replayEventLog(log(["rtmr0", "00".repeat(32)]))).toThrow(RangeError);
  });
});

const truth = log(["rtmr0", digest(1)], ["rtmr0", digest(2)], ["rtmr1", digest(3)]);
const report = { ...replayEventLog(truth), rtmr3: digest(7) };

describe("compareReplay", () => {
  test("reports events, value and match for each register", () => {
    expect(compareReplay(truth, replayEventLog(truth), report)).toEqual({
      rtmr0: { events: 2, replayed: report.rtmr0, matches: true },
      rtmr1: { events: 1, replayed: report.rtmr1, matches: true },
      rtmr2: { events: 0, replayed: ZERO, matches: true },
      rtmr3: { events: 0, replayed: ZERO, matches: false },
    });
  });
});

describe("verifyReplay", () => {
  test("accepts a log whose registers equal the quote's", () => {
    expect(verifyReplay(truth, report)).toEqual({
      ok: true,
      value: compareReplay(truth, replayEventLog(truth), report),
    });
  });

  test.each([
    { name: "an event removed", changed: log(["rtmr0", digest(2)], ["rtmr1", digest(3)]) },
    {
      name: "an event added",
      changed: log(["rtmr0", digest(1)], ["rtmr0", digest(2)], ["rtmr1", digest(3)], ["rtmr0", ZERO]),
    },
    { name: "events in another order", changed: log(["rtmr0", digest(2)], ["rtmr0", digest(1)], ["rtmr1", digest(3)]) },
    { name: "a digest changed", changed: log(["rtmr0", digest(1)], ["rtmr0", digest(4)], ["rtmr1", digest(3)]) },
    {
      name: "an event in another register",
      changed: log(["rtmr0", digest(1)], ["rtmr1", digest(2)], ["rtmr1", digest(3)]),
    },
  ])("refuses $name", ({ changed }) => {
    expect(verifyReplay(changed, report)).toMatchObject({
      ok: false,
      error: {
        stage: "event-log",
        code: "event-log-mismatch",
        facts: { expected: report.rtmr0, actual: replayEventLog(changed).rtmr0 },
      },
    });
  });

  test("names every register that differs", () => {
    const both = log(["rtmr0", digest(1)], ["rtmr1", digest(9)]);
    expect(verifyReplay(both, report)).toMatchObject({ ok: false, error: { facts: { subject: "rtmr0, rtmr1" } } });
  });

  test("leaves a register without events to the caller, unless it is demanded", () => {
    expect(verifyReplay(truth, report, ["rtmr0", "rtmr1", "rtmr2"])).toMatchObject({ ok: true });
    expect(verifyReplay(truth, report, ["rtmr3"])).toMatchObject({
      ok: false,
      error: { code: "event-log-mismatch", facts: { subject: "rtmr3", expected: digest(7), actual: ZERO } },
    });
  });

  test("a log without events does not pass for one that agrees", () => {
    expect(verifyReplay(log(), report)).toMatchObject({ ok: false, error: { code: "event-log-mismatch" } });
    expect(verifyReplay(log([null, ""]), report)).toMatchObject({ ok: false });
    expect(verifyReplay(log(), { rtmr0: ZERO, rtmr1: ZERO, rtmr2: ZERO, rtmr3: ZERO })).toMatchObject({ ok: true });
  });
});
