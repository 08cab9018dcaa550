import { expect, test } from "vitest";
import { createLogBatch } from "../../src/http/log-batch.ts";

function setUp() {
  const written: string[] = [];
  const due = new Map<() => void, number>();
  const batch = createLogBatch(
    (text) => void written.push(text),
    (work, delayMs) => {
      due.set(work, delayMs);
      return () => void due.delete(work);
    },
  );
  return { batch, written, due };
}

test("lines are written together, in their order, a moment after the first", () => {
  const { batch, written, due } = setUp();
  batch.write("a\n");
  batch.write("b\n");
  expect(written).toEqual([]);
  expect([...due.values()]).toEqual([20]);
  for (const work of due.keys()) work();
  expect(written).toEqual(["a\nb\n"]);
  batch.write("c\n");
  for (const work of due.keys()) work();
  expect(written).toEqual(["a\nb\n", "c\n"]);
});

test("no more than a bounded amount waits, whatever a caller makes the service log", () => {
  const { batch, written, due } = setUp();
  const line = `${"x".repeat(1_023)}\n`;
  for (let count = 0; count < 640; count += 1) batch.write(line);
  expect(written.map((text) => text.length)).toEqual(Array.from({ length: 10 }, () => 65_536));
  expect(due.size).toBe(0);
});

test("at the end of the process what waits is written at once, and only once", () => {
  const { batch, written, due } = setUp();
  batch.write("last\n");
  batch.flush();
  batch.flush();
  expect(written).toEqual(["last\n"]);
  expect(due.size).toBe(0);
});
