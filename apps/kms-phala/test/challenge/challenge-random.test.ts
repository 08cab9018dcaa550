import { expect, test } from "vitest";
import { createRandomPool } from "../../src/challenge/challenge-random.ts";

test("a pool of random bytes gives none of them twice, also when it is filled again, and no other pool has them", () => {
  const pools = [createRandomPool(), createRandomPool()];
  const drawn = pools.flatMap((random) => Array.from({ length: 1_000 }, () => Buffer.from(random()).toString("hex")));
  expect(drawn.every((bytes) => bytes.length === 16)).toBe(true);
  expect(new Set(drawn).size).toBe(drawn.length);
});
