import { describeFailure, FAILURE_CODES, STAGES, type Failure, type Stage } from "@mero-tee/tdx-quote";
import type { Result } from "@mero-tee/tdx-quote/result";
import { promise, type Attempt } from "../target.ts";

/** Longest refusal, in characters of JSON: a refusal is for a log line, so a stranger must not choose its size. */
const LONGEST_REFUSAL = 4096;

/** What a refusal says, as an outcome: numbers in it are places, not ways through a parser. */
export function outline(...words: readonly string[]): string {
  return words.join(" ").replaceAll(/\d+/g, "#").trimEnd();
}

/**
 * The attempt of a parser that accepted.
 *
 * @param inspect - holds the value to its promises
 * @param kind - what kind of value this is, so that each kind counts as an outcome
 */
export function accepted<T>(
  value: T,
  inspect: (value: T) => void | Promise<void>,
  kind: (value: T) => string,
): Attempt {
  return { accepted: true, outcome: `accepted: ${kind(value)}`, value, inspect: () => inspect(value) };
}

/**
 * The attempt of a parser that refuses with a {@link Failure}.
 *
 * @param stages - the stages at which it may refuse
 * @param inspect - as of {@link accepted}
 * @param kind - as of {@link accepted}
 */
export function attemptOf<T>(
  result: Result<T, Failure>,
  stages: readonly Stage[],
  inspect: (value: T) => void | Promise<void>,
  kind: (value: T) => string,
): Attempt {
  if (result.ok) return accepted(result.value, inspect, kind);
  const { error } = result;
  const { subject = "", reason = "" } = error.facts;
  return {
    accepted: false,
    outcome: outline(error.code, subject, reason),
    value: error,
    inspect: () => inspectFailure(error, stages),
  };
}

/** A count as an outcome tells it: its power of two. */
export function magnitude(count: number): string {
  return count === 0 ? "no" : `2^${Math.floor(Math.log2(count))}`;
}

/** The attempt of a reader that refuses with a reason and an offset. */
export function attemptOfReader<T>(
  result: Result<T, { readonly reason: string; readonly offset: number }>,
  input: Uint8Array,
  value: (parsed: T) => unknown,
  inspect: (parsed: T) => void,
  inspectRefusal: (reason: string) => void = () => undefined,
): Attempt {
  if (result.ok) {
    return { accepted: true, outcome: "accepted", value: value(result.value), inspect: () => inspect(result.value) };
  }
  const { reason, offset } = result.error;
  return {
    accepted: false,
    outcome: outline(reason),
    value: result.error,
    inspect: () => {
      promise(reason !== "", "a refusal has a reason");
      promise(
        Number.isInteger(offset) && offset >= 0 && offset <= input.length,
        "a refusal names a place in the input",
      );
      inspectRefusal(reason);
    },
  };
}

function inspectFailure(error: Failure, stages: readonly Stage[]): void {
  promise(FAILURE_CODES.includes(error.code), "a refusal has a known code");
  promise(STAGES.includes(error.stage) && stages.includes(error.stage), "a refusal has the stage of its parser");
  const sentence = describeFailure(error);
  promise(sentence.length > 0 && !sentence.includes("undefined"), "a refusal has a sentence without holes");
  promise(JSON.stringify(error).length <= LONGEST_REFUSAL, "a refusal is short whatever the input");
}
