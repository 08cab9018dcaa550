import { describe, expect, test } from "vitest";
import { createSpentSet } from "../../src/challenge/spent-set.ts";

describe("a spent set", () => {
  test("takes an id once", () => {
    const spent = createSpentSet(10);
    expect(spent.insert("a", 100, 50)).toBe("inserted");
    expect(spent.insert("a", 100, 50)).toBe("spent");
    expect(spent.insert("b", 100, 50)).toBe("inserted");
  });

  test.each(["released", "failed"] as const)("still knows an id after its request has %s", (outcome) => {
    const spent = createSpentSet(10);
    spent.insert("a", 100, 50);
    spent.settle("a", outcome);
    expect(spent.insert("a", 100, 50)).toBe("spent");
  });

  test("forgets an entry at its expiry and not a second before", () => {
    const spent = createSpentSet(10);
    spent.insert("a", 100, 50);
    spent.insert("b", 101, 50);
    expect(spent.insert("a", 100, 99)).toBe("spent");
    spent.insert("c", 200, 100);
    expect(spent.size).toBe(2);
  });

  test("does not care about a request that ends after its entry has expired", () => {
    const spent = createSpentSet(1);
    spent.insert("a", 100, 50);
    spent.insert("b", 200, 150);
    spent.settle("a", "failed");
    expect(spent.insert("c", 200, 150)).toBe("full");
  });
});

describe("a full spent set", () => {
  test("gives up the oldest failure first", () => {
    const spent = createSpentSet(3);
    for (const id of ["a", "b", "c"]) spent.insert(id, 100, 50);
    for (const id of ["b", "a"]) spent.settle(id, "failed");
    expect(spent.insert("d", 100, 50)).toBe("inserted");
    expect(spent.insert("a", 100, 50)).toBe("spent");
    expect(spent.insert("e", 100, 50)).toBe("inserted");
    expect(spent.insert("f", 100, 50)).toBe("full");
    expect(spent.size).toBe(3);
  });

  test.each(["in-flight", "released"] as const)("never gives up an entry that is %s", (state) => {
    const spent = createSpentSet(2);
    for (const id of ["a", "b"]) {
      spent.insert(id, 100, 50);
      if (state === "released") spent.settle(id, state);
    }
    expect(spent.insert("c", 100, 50)).toBe("full");
    expect(spent.insert("a", 100, 50)).toBe("spent");
    expect(spent.insert("b", 100, 50)).toBe("spent");
  });

  test("does not turn a released entry into a failed one", () => {
    const spent = createSpentSet(1);
    spent.insert("a", 100, 50);
    spent.settle("a", "released");
    spent.settle("a", "failed");
    expect(spent.insert("b", 100, 50)).toBe("full");
  });

  test("has room again once entries expire", () => {
    const spent = createSpentSet(1);
    spent.insert("a", 100, 50);
    expect(spent.insert("b", 200, 99)).toBe("full");
    expect(spent.insert("b", 200, 100)).toBe("inserted");
  });
});
