import { describe, expect, test } from "vitest";
import { exchangedDownloads, parseLock } from "../../scripts/image/lock-changes.ts";

const MEROD = { name: "merod", version: "2.4.0", sha256: "a".repeat(64) };
const VECTOR = { name: "vector", version: "0.51.0", sha256: "b".repeat(64) };
const OTHER = "c".repeat(64);

describe("a change of the lock file", () => {
  test.each([
    { name: "nothing", after: [MEROD, VECTOR], problems: [] },
    { name: "a new version", after: [{ ...MEROD, version: "2.4.1", sha256: OTHER }, VECTOR], problems: [] },
    { name: "a new program", after: [MEROD, VECTOR, { ...MEROD, name: "meroctl", sha256: OTHER }], problems: [] },
    {
      name: "another digest of one version",
      after: [{ ...MEROD, sha256: OTHER }, VECTOR],
      problems: ["merod 2.4.0 has another SHA-256 than before"],
    },
  ])("of $name is judged by digest and version", ({ after, problems }) => {
    expect(exchangedDownloads([MEROD, VECTOR], after)).toEqual(problems);
  });

  test.each(["{}", "[1]", '[{"name": "merod"}]'])("is not judged on a malformed file: %s", (text) => {
    expect(() => parseLock(text)).toThrow("malformed");
  });

  test("is judged on what the file says", () => {
    expect(parseLock(JSON.stringify([MEROD]))).toEqual([MEROD]);
  });
});
