import { BYTE_MUTATORS } from "../fuzz/mutators/bytes.ts";
import { promise, type Attempt, type FuzzTarget } from "../fuzz/target.ts";

/** Parsers of one toy format, a length byte and that many bytes, each with one mistake: a fuzzer that misses one is broken. */

/** The byte that sets a mistake off. No seed has it. */
const TRIGGER = 0x7f;

type Mistake = (input: Uint8Array, content: Uint8Array) => Partial<Attempt>;

function planted(name: string, mistake: Mistake): FuzzTarget {
  return {
    name,
    seeds: () => [Uint8Array.of(0), Uint8Array.of(3, 1, 2, 3), Uint8Array.of(4, 1, 2, 3, 0x5f), Uint8Array.of(9, 9)],
    mutators: BYTE_MUTATORS,
    attempt: (input) => {
      if (input[0] !== input.length - 1) {
        return { accepted: false, outcome: "length", value: null, inspect: () => undefined };
      }
      const content = input.subarray(1);
      const attempt = { accepted: true, outcome: "accepted", value: content, inspect: () => undefined };
      return content.includes(TRIGGER) ? { ...attempt, ...mistake(input, content) } : attempt;
    },
  };
}

let calls = 0;
const kept: unknown[] = [];

/** Twice the processor time that the tests allow. */
function waste(): void {
  const before = process.threadCpuUsage();
  for (;;) {
    const { user, system } = process.threadCpuUsage(before);
    if (user + system > 10_000) return;
  }
}

export const FUZZ_TARGETS: readonly FuzzTarget[] = [
  planted("sound", () => ({})),
  planted("throws", (_, content) => {
    throw new RangeError(`content of ${content.length} bytes`);
  }),
  planted("throws-no-error", () => {
    // oxlint-disable-next-line typescript/only-throw-error -- the mistake to be found
    throw "a text";
  }),
  planted("reads-before", (input) => ({ value: new Uint8Array(input.buffer)[input.byteOffset - 1] })),
  planted("returns-beyond", (input) => ({
    value: { inner: [new Uint8Array(input.buffer, input.byteOffset, input.length + 1)] },
  })),
  planted("wavers", () => ({ value: { calls: (calls += 1) } })),
  planted("wavers-outcome", () => ({ outcome: `call ${(calls += 1)}` })),
  planted("writes", (input) => {
    input[0] = 0xee;
    return {};
  }),
  planted("breaks-its-word", (_, content) => ({ inspect: () => promise(content.length === 0, "content is empty") })),
  planted("slow", () => {
    waste();
    return {};
  }),
  planted("greedy", () => {
    kept[0] = new Uint8Array(16 * 2 ** 20);
    return {};
  }),
  planted("hangs", () => {
    for (;;) waste();
  }),
  planted("exhausts-the-heap", () => {
    for (;;) kept.push(Array.from({ length: 10_000 }, (_, index) => ({ index })));
  }),
  planted("pollutes", () => {
    Reflect.set(Object.prototype, "polluted", true);
    return {};
  }),
];
