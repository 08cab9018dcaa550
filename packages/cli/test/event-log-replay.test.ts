import { describe, expect, test } from "vitest";

import { memoryFiles } from "./memory-files.ts";
import { EXPECTED, HAS_REAL_VECTORS, readVector } from "./real-vectors.ts";
import { readJson } from "./read-json.ts";
import { documentOf, runInWorld } from "./run-cli.ts";

const FIELDS = ["schemaVersion", "format", "events", "replayed", "matchesQuote", "composeHash", "appId", "failure"];

const ALL_EQUAL = { rtmr0: true, rtmr1: true, rtmr2: true, rtmr3: true };

interface Answer {
  readonly quote: string;
  readonly event_log: string;
}

function answerOf(vector: string): Answer {
  return readJson<Answer>(readVector(vector));
}

describe.skipIf(!HAS_REAL_VECTORS)("event-log replay, on real logs", () => {
  test.each([...EXPECTED.ccel, ...EXPECTED.dstack])("replays $id", async ({ file, eventCount, replayed }) => {
    const files = memoryFiles({ log: readVector(file) });
    const outcome = await runInWorld(["event-log", "replay", "log", "--json"], { files });
    expect(outcome.exitCode).toBe(0);
    const document = documentOf<{ events: { index: number }[] }>(outcome);
    expect(Object.keys(document)).toEqual(FIELDS);
    expect(document).toMatchObject({ schemaVersion: 1, replayed, matchesQuote: null, failure: null });
    expect(document).toMatchObject({ format: file.startsWith("ccel") ? "ccel" : "dstack" });
    expect(document.events.map(({ index }) => index)).toEqual(Array.from({ length: eventCount }, (_, index) => index));
  });

  test.each(EXPECTED.ccel.filter(({ quote }) => quote !== undefined))(
    "finds $id equal to its quote",
    async (vector) => {
      const files = memoryFiles({ log: readVector(vector.file), quote: readVector(vector.quote ?? "") });
      const outcome = await runInWorld(["event-log", "replay", "log", "--quote", "quote", "--json"], { files });
      expect(outcome.exitCode).toBe(0);
      expect(documentOf(outcome)).toMatchObject({ matchesQuote: ALL_EQUAL, composeHash: null, appId: null });
    },
  );

  test.each(EXPECTED.dstack)(
    "finds $id equal to the quote in the same answer, and names the application",
    async (vector) => {
      const files = memoryFiles({ answer: readVector(vector.file) });
      const outcome = await runInWorld(["event-log", "replay", "answer", "--quote", "answer", "--json"], { files });
      const payloadOf = (name: string): string | undefined =>
        vector.runtimeEvents?.find(({ event }) => event === name)?.payload;
      expect(outcome.exitCode).toBe(0);
      expect(documentOf(outcome)).toMatchObject({
        matchesQuote: ALL_EQUAL,
        composeHash: payloadOf("compose-hash"),
        appId: payloadOf("app-id"),
      });
    },
  );

  test.each([
    { name: "an array", encode: ({ event_log: log }: Answer) => log },
    { name: "a JSON string around the array", encode: ({ event_log: log }: Answer) => JSON.stringify(log) },
    { name: "a KMS's attestation", encode: ({ event_log: log }: Answer) => `{"eventLog":${log}}` },
    {
      name: "an answer under data",
      encode: ({ event_log: log }: Answer) => `{"data":{"event_log":${JSON.stringify(log)}}}`,
    },
  ])("reads a dstack log from $name", async ({ encode }) => {
    const answer = answerOf("dstack/simulator.json");
    const files = memoryFiles({ whole: readVector("dstack/simulator.json"), log: encode(answer) });
    const expected = await runInWorld(["event-log", "replay", "whole", "--json"], { files });
    expect(await runInWorld(["event-log", "replay", "log", "--json"], { files })).toEqual(expected);
    expect(await runInWorld(["event-log", "replay", "log", "--format", "dstack", "--json"], { files })).toEqual(
      expected,
    );
  });

  test("refuses a log that another machine made, and says which registers differ", async () => {
    const files = memoryFiles({
      log: readVector("dstack/simulator.json"),
      quote: readVector("quotes/dstack-lite-v4.bin"),
    });
    const outcome = await runInWorld(["event-log", "replay", "log", "--quote", "quote", "--json"], { files });
    expect(outcome.exitCode).toBe(10);
    const document = documentOf(outcome);
    expect(Object.keys(document)).toEqual(FIELDS);
    expect(document).toMatchObject({
      format: "dstack",
      matchesQuote: { rtmr0: false, rtmr1: false, rtmr2: false, rtmr3: false },
      failure: { code: "event-log-mismatch", stage: "event-log" },
    });
    const people = await runInWorld(["event-log", "replay", "log", "--quote", "quote"], { files });
    expect(people.stdout).toMatch(/^✗ Refused/);
    expect(people.stdout).toContain("✗ differs");
  });

  test("refuses a log from which one event was taken", async () => {
    const { quote, event_log: log } = answerOf("dstack/simulator.json");
    const events = readJson<unknown[]>(log);
    const files = memoryFiles({ log: JSON.stringify(events.slice(0, -1)), quote });
    const outcome = await runInWorld(["event-log", "replay", "log", "--quote", "quote", "--json"], { files });
    expect(outcome.exitCode).toBe(10);
    expect(documentOf(outcome)).toMatchObject({
      matchesQuote: { rtmr0: true, rtmr1: true, rtmr2: true, rtmr3: false },
      failure: { code: "event-log-mismatch" },
    });
  });

  test("refuses a quote that is none, and still tells the registers", async () => {
    const files = memoryFiles({ log: readVector("ccel/dstack-ovmf.bin"), quote: "" });
    const outcome = await runInWorld(["event-log", "replay", "log", "--quote", "quote", "--json"], { files });
    expect(outcome.exitCode).toBe(10);
    expect(documentOf(outcome)).toMatchObject({
      format: "ccel",
      replayed: EXPECTED.ccel[1]?.replayed,
      matchesQuote: null,
      failure: { code: "quote-too-short" },
    });
  });
});

describe("event-log replay, on what is no log", () => {
  test.each([
    { name: "an empty file", content: "", code: "event-log-malformed", stage: "event-log" },
    { name: "prose", content: "hello", code: "event-log-malformed", stage: "event-log" },
    { name: "an array of something else", content: "[1]", code: "event-log-malformed", stage: "event-log" },
    { name: "a JSON document without a log", content: '{"quote":"00"}', code: "input-unrecognised", stage: "input" },
    {
      name: "a JSON document with two",
      content: '{"event_log":[],"eventLog":[]}',
      code: "input-unrecognised",
      stage: "input",
    },
    { name: "a JSON document cut short", content: '{"event_log":[', code: "input-unrecognised", stage: "input" },
    { name: "a log that is a number", content: '{"event_log":5}', code: "event-log-malformed", stage: "event-log" },
  ])("refuses $name as $code", async ({ content, code, stage }) => {
    const outcome = await runInWorld(["event-log", "replay", "log", "--json"], {
      files: memoryFiles({ log: content }),
    });
    expect(outcome.exitCode).toBe(10);
    expect(documentOf(outcome)).toEqual({
      schemaVersion: 1,
      format: null,
      events: [],
      replayed: null,
      matchesQuote: null,
      composeHash: null,
      appId: null,
      failure: { code, stage, message: expect.stringMatching(/\S/) },
    });
  });

  test("keeps an event's name from steering the terminal", async () => {
    const event = { imr: 3, event_type: 134217729, digest: "", event: "\u001B[2Jgone", event_payload: "" };
    const files = memoryFiles({ log: JSON.stringify([event]) });
    const { stdout, exitCode } = await runInWorld(["event-log", "replay", "log"], { files });
    expect(exitCode).toBe(0);
    expect(stdout).toContain("?[2Jgone");
    expect(stdout).not.toContain("\u001B");
  });

  test.each([
    { name: "a missing log", args: ["absent"], exitCode: 11 },
    { name: "a missing quote", args: ["log", "--quote", "absent"], exitCode: 11 },
    { name: "an unknown format", args: ["log", "--format", "tpm"], exitCode: 2 },
    { name: "no log at all", args: [], exitCode: 2 },
  ])("$name ends in $exitCode", async ({ args, exitCode }) => {
    const files = memoryFiles({ log: "[]" });
    expect(await runInWorld(["event-log", "replay", ...args], { files })).toMatchObject({ exitCode, stdout: "" });
  });
});
