import { expect, test } from "vitest";

import { addFiles, addText, EMPTY_BASKET, FILE_LIMIT_BYTES, removeFile } from "../src/basket.ts";

const offered = (name: string, size: number) => ({ name, size, arrayBuffer: async () => new ArrayBuffer(size) });

test("a gigabyte is refused without being read", async () => {
  const huge = {
    ...offered("huge.bin", FILE_LIMIT_BYTES + 1),
    arrayBuffer: () => Promise.reject(new Error("it was read")),
  };
  const basket = await addFiles(EMPTY_BASKET, [huge]);
  expect(basket.files).toEqual([]);
  expect(basket.refusals).toEqual(["huge.bin has 8,388,609 bytes. More than 8 MiB is not read."]);
});

test("a file of exactly the limit is read", async () =>
  expect((await addFiles(EMPTY_BASKET, [offered("a", FILE_LIMIT_BYTES)])).files).toHaveLength(1));

test("a folder is refused with a sentence", async () => {
  const folder = {
    ...offered("folder", 0),
    arrayBuffer: () => Promise.reject(new DOMException("no", "NotFoundError")),
  };
  expect((await addFiles(EMPTY_BASKET, [folder])).refusals).toEqual([
    "folder is a folder, or cannot be read. Drop the files in it.",
  ]);
});

test("more than 32 files are not taken", async () => {
  const basket = await addFiles(
    EMPTY_BASKET,
    Array.from({ length: 40 }, (_, index) => offered(`f${index}`, 1)),
  );
  expect(basket.files).toHaveLength(32);
  expect(basket.refusals).toEqual(["More than 32 files at once are not read."]);
});

test("a pasted text is a file, and can be taken away", async () => {
  const basket = await addText(EMPTY_BASKET, "pasted text", "é");
  const [file] = basket.files;
  expect(file?.bytes).toEqual(new Uint8Array([0xc3, 0xa9]));
  expect(file === undefined ? null : removeFile(basket, file).files).toEqual([]);
});
