import { inspect } from "node:util";
import { describe, expect, test } from "vitest";

import { SecretBytes } from "../src/index.ts";

const secret = (): SecretBytes => new SecretBytes(new Uint8Array(32).fill(0xab));

describe("a secret", () => {
  test.each([
    { name: "as text", show: String },
    { name: "in a sentence", show: (value: SecretBytes) => `key: ${String(value)}` },
    { name: "as JSON", show: (value: SecretBytes) => JSON.stringify({ value }) },
    { name: "inspected", show: (value: SecretBytes) => inspect({ value }, { showHidden: true, depth: 9 }) },
    { name: "copied", show: (value: SecretBytes) => JSON.stringify(Object.assign({}, value)) },
    { name: "by its entries", show: (value: SecretBytes) => JSON.stringify(Object.entries(value)) },
  ])("does not show itself $name", ({ show }) => {
    const shown = show(secret());
    expect(shown).not.toMatch(/171|abab/i);
  });

  test("says that it is redacted", () => {
    expect(inspect(secret())).toBe("[redacted]");
    expect(JSON.stringify(secret())).toBe('"[redacted]"');
    expect(String(secret())).toBe("[redacted]");
  });

  test("lends its bytes, and says how many they are", () => {
    expect(secret().use((bytes) => bytes[31])).toBe(0xab);
    expect(secret().length).toBe(32);
  });

  test("is zeros after wiping, and cannot be used by mistake", () => {
    const bytes = new Uint8Array(32).fill(0xab);
    const value = new SecretBytes(bytes);
    value.wipe();
    expect(bytes.every((byte) => byte === 0)).toBe(true);
    expect(() => value.use((lent) => lent.length)).toThrow("wiped");
  });
});
