import { expect, test } from "vitest";

import { NO_APPLICATION, read32Bytes, readApplication, readExpectation } from "../src/features/entry/expectation.ts";

const NOTHING = { tag: "", profile: "", binding: "", isStrict: false };
const HEX = "00112233445566778899aabbccddeeff".repeat(2);
const BASE64 = Buffer.from(HEX, "hex").toString("base64");

test.each([
  HEX,
  HEX.toUpperCase(),
  `0x${HEX}`,
  BASE64,
  BASE64.replace(/=$/, ""),
  Buffer.from(HEX, "hex").toString("base64url"),
])("reads 32 bytes as %s", (text) => expect(read32Bytes(text)).toBe(HEX));

test.each(["", HEX.slice(1), `${HEX}00`, BASE64.slice(4), "<b>".repeat(15), "=".repeat(44)])("refuses %j", (text) =>
  expect(read32Bytes(text)).toBeNull(),
);

test("an empty form expects nothing", () =>
  expect(readExpectation(NOTHING)).toEqual({
    ok: true,
    value: { tag: null, profile: null, bindingHex: null, isStrict: false },
  }));

test.each([
  { fields: { ...NOTHING, tag: "v1" }, error: "A release tag looks like mero-kms-v2.4.0 or mero-tee-v2.4.0." },
  {
    fields: { ...NOTHING, binding: "abc" },
    error: "A binding is 32 bytes: 64 hex digits, or 43 characters of base64url.",
  },
])("says what is wrong: $error", ({ fields, error }) => expect(readExpectation(fields)).toEqual({ ok: false, error }));

test.each([
  { fields: NO_APPLICATION, value: { applicationId: null, applicationHashHex: null } },
  {
    fields: { applicationId: " app-1 ", applicationHash: "" },
    value: { applicationId: "app-1", applicationHashHex: null },
  },
  {
    fields: { applicationId: "app-1", applicationHash: `0x${HEX}` },
    value: { applicationId: "app-1", applicationHashHex: HEX },
  },
])("reads the application $fields", ({ fields, value }) =>
  expect(readApplication(fields)).toEqual({ ok: true, value }),
);

test.each([
  {
    fields: { applicationId: "", applicationHash: HEX },
    error: "Give the id of the application beside the hash of its bytecode: the node is asked for it by its id.",
  },
  {
    fields: { applicationId: "app-1", applicationHash: HEX.slice(2) },
    error: "The hash of an application's bytecode is 32 bytes: 64 hex digits.",
  },
])("refuses the application $fields", ({ fields, error }) =>
  expect(readApplication(fields)).toEqual({ ok: false, error }),
);
