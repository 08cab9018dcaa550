import { describe, expect, test } from "vitest";
import { parseDstackEventLog } from "../src/dstack-event-log.ts";
import type { EventLog } from "../src/event-log.ts";
import { appId, composeHash, findRuntimeEvent, listRuntimeEvents } from "../src/runtime-event-lookup.ts";

const COMPOSE = "c1".repeat(32);
const OTHER = "c2".repeat(32);

function logOf(...events: readonly (readonly [name: string, payload: string])[]): EventLog {
  const parsed = parseDstackEventLog(
    JSON.stringify([
      { imr: 0, event_type: 10, digest: "ab".repeat(48), event: "compose-hash", event_payload: OTHER },
      ...events.map(([event, event_payload]) => ({ imr: 3, event_type: 134217729, digest: "", event, event_payload })),
    ]),
  );
  if (!parsed.ok) throw new Error(parsed.error.code);
  return parsed.value;
}

const boot = [
  ["system-preparing", ""],
  ["app-id", "a1".repeat(20)],
  ["compose-hash", COMPOSE],
  ["init-script-hash", "01"],
  ["init-script-hash", "02"],
  ["boot-mr-done", ""],
  ["key-provider", "7b7d"],
] as const;
const ready = [...boot, ["system-ready", ""]] as const;

function found(log: EventLog, name: string, phase: "before-ready" | "boot"): string | null {
  const result = findRuntimeEvent(log, name, phase);
  if (!result.ok) return result.error.code;
  return result.value === null ? null : Buffer.from(result.value).toString("hex");
}

describe("findRuntimeEvent", () => {
  test.each([
    {
      name: "an event before system-ready",
      log: logOf(...ready),
      event: "compose-hash",
      phase: "before-ready" as const,
      expected: COMPOSE,
    },
    {
      name: "an event of a log that ends before system-ready",
      log: logOf(...boot),
      event: "key-provider",
      phase: "before-ready" as const,
      expected: "7b7d",
    },
    {
      name: "an event of the boot phase",
      log: logOf(...ready),
      event: "compose-hash",
      phase: "boot" as const,
      expected: COMPOSE,
    },
    {
      name: "no event after the boot phase",
      log: logOf(...ready),
      event: "key-provider",
      phase: "boot" as const,
      expected: null,
    },
    {
      name: "no event after system-ready",
      log: logOf(...ready, ["later", "01"]),
      event: "later",
      phase: "before-ready" as const,
      expected: null,
    },
    {
      name: "the event that closes the phase",
      log: logOf(...ready, ["system-ready", ""]),
      event: "system-ready",
      phase: "before-ready" as const,
      expected: "",
    },
    {
      name: "the boot phase up to system-ready when its own end is missing",
      log: logOf(["system-ready", ""], ["x", "01"]),
      event: "x",
      phase: "boot" as const,
      expected: null,
    },
    {
      name: "the first value when the application repeats the name",
      log: logOf(...ready, ["compose-hash", OTHER]),
      event: "compose-hash",
      phase: "before-ready" as const,
      expected: COMPOSE,
    },
    {
      name: "the first of several init scripts",
      log: logOf(...ready),
      event: "init-script-hash",
      phase: "before-ready" as const,
      expected: "01",
    },
    {
      name: "no boot event of that name",
      log: logOf(),
      event: "compose-hash",
      phase: "before-ready" as const,
      expected: null,
    },
    {
      name: "an empty payload as no payload bytes",
      log: logOf(...ready),
      event: "system-preparing",
      phase: "boot" as const,
      expected: "",
    },
    {
      name: "refuses a name twice before system-ready",
      log: logOf(["compose-hash", COMPOSE], ...ready),
      event: "compose-hash",
      phase: "before-ready" as const,
      expected: "event-log-malformed",
    },
    {
      name: "refuses a name twice even with one value",
      log: logOf(["app-id", "aa"], ["app-id", "aa"]),
      event: "app-id",
      phase: "boot" as const,
      expected: "event-log-malformed",
    },
    {
      name: "accepts a name once in each phase when asked for the first",
      log: logOf(["x", "01"], ["boot-mr-done", ""], ["x", "02"]),
      event: "x",
      phase: "boot" as const,
      expected: "01",
    },
    {
      name: "refuses the same when asked for both",
      log: logOf(["x", "01"], ["boot-mr-done", ""], ["x", "02"]),
      event: "x",
      phase: "before-ready" as const,
      expected: "event-log-malformed",
    },
  ])("$name", ({ log, event, phase, expected }) => {
    expect(found(log, event, phase)).toBe(expected);
  });

  test("finds nothing in a CCEL, whatever its event types", () => {
    const log: EventLog = {
      format: "ccel",
      events: [
        {
          index: 0,
          register: "rtmr3",
          type: 0x08000001,
          name: "compose-hash",
          digest: "00".repeat(48),
          payload: COMPOSE,
        },
      ],
    };
    expect(found(log, "compose-hash", "before-ready")).toBeNull();
  });

  test("does not take a hand-made log whose payload is no hex", () => {
    const event = { index: 0, register: "rtmr3", type: 0x08000001, name: "x", digest: "00".repeat(48) } as const;
    expect(() => findRuntimeEvent({ format: "dstack", events: [{ ...event, payload: "zz" }] }, "x", "boot")).toThrow(
      new RangeError("a runtime event's payload is hex"),
    );
    expect(found({ format: "dstack", events: [event] }, "x", "boot")).toBe("");
  });
});

test("listRuntimeEvents gives all payloads of a phase or of the whole log", () => {
  const log = logOf(...ready, ["init-script-hash", "03"]);
  const list = (phase: "boot" | "before-ready" | "whole-log"): string[] =>
    listRuntimeEvents(log, "init-script-hash", phase).map((payload) => Buffer.from(payload).toString("hex"));
  expect(list("boot")).toEqual(["01", "02"]);
  expect(list("before-ready")).toEqual(["01", "02"]);
  expect(list("whole-log")).toEqual(["01", "02", "03"]);
});

describe("composeHash and appId", () => {
  test("give the measured values in hex", () => {
    expect(composeHash(logOf(...ready))).toEqual({ ok: true, value: COMPOSE });
    expect(appId(logOf(...ready))).toEqual({ ok: true, value: "a1".repeat(20) });
  });

  test("give null where the log has none", () => {
    expect(composeHash(logOf())).toEqual({ ok: true, value: null });
    expect(appId(logOf(["system-ready", ""], ["app-id", "a1".repeat(20)]))).toEqual({ ok: true, value: null });
  });

  test.each([
    { name: "a compose hash of 31 bytes", outcome: () => composeHash(logOf(["compose-hash", "c1".repeat(31)])) },
    { name: "an app id of 32 bytes", outcome: () => appId(logOf(["app-id", "a1".repeat(32)])) },
    {
      name: "two compose hashes",
      outcome: () => composeHash(logOf(["compose-hash", COMPOSE], ["compose-hash", COMPOSE])),
    },
  ])("refuse $name", ({ outcome }) => {
    expect(outcome()).toMatchObject({ ok: false, error: { stage: "event-log", code: "event-log-malformed" } });
  });

  test("name the event that they refuse", () => {
    expect(composeHash(logOf(["app-id", "aa"], ["compose-hash", COMPOSE], ["compose-hash", COMPOSE]))).toMatchObject({
      error: { facts: { subject: "event 3", reason: "occurs twice", actual: "compose-hash" } },
    });
    expect(appId(logOf(["app-id", "a1"]))).toMatchObject({
      error: { facts: { subject: "app-id", reason: "payload size", expected: 20, actual: 1 } },
    });
  });
});
