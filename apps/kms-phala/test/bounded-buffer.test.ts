import { expect, test } from "vitest";
import { createBoundedBuffer } from "../src/bounded-buffer.ts";

test("keeps what arrives in order, up to the limit and no byte more", () => {
  const buffer = createBoundedBuffer(10_000);
  expect(buffer.append(Buffer.alloc(4_000, 1))).toBe(true);
  expect(buffer.append(Buffer.alloc(6_000, 2))).toBe(true);
  expect(buffer.append(Buffer.alloc(1))).toBe(false);
  expect(buffer.append(Buffer.alloc(0))).toBe(true);
  expect(buffer.length).toBe(10_000);
  expect(buffer.taken().equals(Buffer.concat([Buffer.alloc(4_000, 1), Buffer.alloc(6_000, 2)]))).toBe(true);
});

test("leaves nothing behind in the buffers that it grows out of, nor after it is wiped", () => {
  const buffer = createBoundedBuffer(100_000);
  buffer.append(Buffer.alloc(10, 7));
  const small = buffer.taken();
  buffer.append(Buffer.alloc(50_000, 7));
  expect(small.every((byte) => byte === 0)).toBe(true);
  const large = buffer.taken();
  expect(large.every((byte) => byte === 7)).toBe(true);
  buffer.wipe();
  expect(large.every((byte) => byte === 0)).toBe(true);
});
