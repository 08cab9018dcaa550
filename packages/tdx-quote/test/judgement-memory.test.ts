import { describe, expect, test } from "vitest";
import type { JudgedPckChain } from "../src/judge-pck-chain.ts";
import { createJudgementMemory } from "../src/judgement-memory.ts";

const NOW = 1_772_000_000;

/** A chain that was judged good from second `notBefore` to second `notAfter`. */
function judged(notBefore = NOW, notAfter = NOW): JudgedPckChain {
  return {
    extension: {
      ppidHex: "0".repeat(32),
      tcbComponents: Array<number>(16).fill(1),
      pceSvn: 1,
      cpuSvnHex: "0".repeat(32),
      pceIdHex: "0000",
      fmspcHex: "0".repeat(12),
      sgxType: "scalable",
    },
    ca: "platform",
    leafKey: new Uint8Array(65),
    window: { notBefore, notAfter },
  };
}

const memoryOf = (maxPckChains: number) =>
  createJudgementMemory(new Uint8Array(1), { maxCollaterals: 1, maxPckChains });

describe("a memory of judged chains", () => {
  test("keeps as many as it may, those used last", () => {
    const memory = memoryOf(2);
    const [first, second, third] = [judged(), judged(), judged()];
    memory.keepingIssuance("first", first)();
    memory.keepingIssuance("second", second)();
    expect(memory.recallIssuance("second", NOW)).toBe(second);
    expect(memory.recallIssuance("first", NOW)).toBe(first);
    memory.keepingIssuance("third", third)();
    expect(memory.recallIssuance("second", NOW)).toBeUndefined();
    expect(memory.recallIssuance("first", NOW)).toBe(first);
    expect(memory.recallIssuance("third", NOW)).toBe(third);
  });

  test("takes none for another that only begins like it", () => {
    const memory = memoryOf(2);
    const text = "x".repeat(1000);
    memory.keepingIssuance(text, judged())();
    for (const other of [text.slice(1), `${text}x`, `${text.slice(1)}y`]) {
      expect(memory.recallIssuance(other, NOW)).toBeUndefined();
    }
  });

  test("knows the bytes of a quote and the text of a bundle as the same chain, and no other bytes", () => {
    const memory = memoryOf(2);
    const chain = judged();
    memory.keepingIssuance("chain", chain)();
    const bytes = new TextEncoder().encode("chain");
    expect(memory.recallIssuance(bytes, NOW)).toBe(chain);
    bytes[4] = 0xee;
    expect(memory.recallIssuance(bytes, NOW)).toBeUndefined();
  });

  test("gives up the place of none for one that is too long to be kept", () => {
    const memory = memoryOf(1);
    const chain = judged();
    memory.keepingIssuance("chain", chain)();
    memory.keepingIssuance("y".repeat(8193), judged())();
    expect(memory.recallIssuance("chain", NOW)).toBe(chain);
    memory.keepingIssuance("y".repeat(8192), judged())();
    expect(memory.recallIssuance("chain", NOW)).toBeUndefined();
  });

  test("keeps the bytes that were judged, though they are others by then", () => {
    const memory = memoryOf(1);
    const [chain, bytes] = [judged(), new TextEncoder().encode("chain")];
    const keep = memory.keepingIssuance(bytes, chain);
    bytes.fill(0x78);
    keep();
    expect(memory.recallIssuance("chain", NOW)).toBe(chain);
    expect(memory.recallIssuance("xxxxx", NOW)).toBeUndefined();
  });

  test("recalls a chain inside its window only", () => {
    const memory = memoryOf(1);
    memory.keepingIssuance("chain", judged(NOW - 1, NOW + 1))();
    const isRecalled = [-2, -1, 0, 1, 2].map((seconds) => memory.recallIssuance("chain", NOW + seconds) !== undefined);
    expect(isRecalled).toEqual([false, true, true, true, false]);
  });
});
