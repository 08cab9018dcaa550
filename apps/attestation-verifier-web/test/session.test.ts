import { expect, test } from "vitest";

import { createSession } from "../src/session.ts";
import type { Answer, FileCheck, Outcome, Problem, Question } from "../src/worker/protocol.ts";

const CHECK: FileCheck = {
  origin: "file",
  kind: null,
  files: [],
  expected: { tag: null, profile: null, bindingHex: null, isStrict: false },
  nonceHex: null,
  applicationHashHex: null,
  fetchesMissing: false,
};
const PROBLEM: Problem = { code: "unreachable", facts: [], retryAfterSeconds: null };

/** An outcome, which the session passes on and never looks into. */
const OUTCOME: Outcome = Object.assign(Object.create(null), { roundTripMs: 7 });

/** A worker that answers when the test says so. */
function bench() {
  const asked: Question[] = [];
  let say: ((answer: Answer) => void) | null = null;
  let breakDown: (() => void) | null = null;
  let ended = 0;
  let now = 1000;
  const session = createSession(
    (onAnswer, onFailure) => {
      say = onAnswer;
      breakDown = onFailure;
      return { postMessage: (question) => asked.push(question), terminate: () => (ended += 1) };
    },
    () => now,
  );
  return {
    session,
    asked,
    pass: (ms: number) => (now += ms),
    say: (answer: Answer) => say?.(answer),
    breakDown: () => breakDown?.(),
    ended: () => ended,
  };
}

test("a check runs, and its refusal is told with what was checked", () => {
  const { session, asked, say } = bench();
  session.check(CHECK);
  expect(session.state()).toMatchObject({ phase: "running", check: CHECK, steps: [] });
  say({ type: "refused", id: asked[0]?.id ?? 0, problem: PROBLEM });
  expect(session.state()).toEqual({ phase: "refused", check: CHECK, problem: PROBLEM });
});

test("cancelling ends the worker, and what it still says is nobody's", () => {
  const { session, asked, say, ended } = bench();
  session.check(CHECK);
  session.cancel();
  expect(ended()).toBe(1);
  say({ type: "refused", id: asked[0]?.id ?? 0, problem: PROBLEM });
  expect(session.state()).toEqual({ phase: "idle" });
});

test("the answer to an earlier check does not become that of a later one", () => {
  const { session, asked, say } = bench();
  session.check(CHECK);
  session.check({ ...CHECK, nonceHex: "00" });
  say({ type: "refused", id: asked[0]?.id ?? 0, problem: PROBLEM });
  expect(session.state()).toMatchObject({ phase: "running", check: { nonceHex: "00" } });
});

test("a worker that breaks is a refusal, never a result", () => {
  const { session, breakDown } = bench();
  session.check(CHECK);
  breakDown();
  expect(session.state()).toMatchObject({ phase: "refused", problem: { code: "exception" } });
});

test("whoever waits for a worker that breaks is told nothing was recognised", async () => {
  const { session, breakDown } = bench();
  const waiting = session.recognise([]);
  breakDown();
  expect(await waiting).toEqual([]);
});

test("a source that is asked again gets the finished check, whose evidence is as old as it was", () => {
  const { session, asked, say, pass } = bench();
  session.fetchAgain("releases");
  expect(asked).toEqual([]);
  session.check(CHECK);
  say({ type: "finished", id: 1, outcome: OUTCOME });
  pass(5000);
  session.fetchAgain("releases");
  expect(asked.at(-1)).toEqual({ type: "fetch-again", id: 2, outcome: OUTCOME, source: "releases", testRoot: null });
  expect(session.state()).toMatchObject({ phase: "running", check: CHECK, startedAtMs: 6000 });
  // What the first check still says is nobody's.
  say({ type: "refused", id: 1, problem: PROBLEM });
  pass(1000);
  const whole = { ...OUTCOME, roundTripMs: 8 };
  say({ type: "finished", id: 2, outcome: whole });
  expect(session.state()).toEqual({ phase: "appraised", check: CHECK, outcome: whole, finishedAtMs: 1000 });
});
