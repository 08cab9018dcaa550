import { expect, test } from "vitest";
import { BUILD } from "../../src/config/build.ts";
import { compareVersions, parseReleaseVersion } from "../../src/config/release-version.ts";

test("versions rank as Semantic Versioning says, section 11", () => {
  const ranked = [
    "0.9.9",
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0",
    "1.0.1",
    "1.2.0",
    "1.10.0",
    "2.0.0",
    "99999999999999999999.0.0",
  ];
  for (const [i, a] of ranked.entries()) {
    for (const [j, b] of ranked.entries())
      expect(Math.sign(compareVersions(a, b)), `${a} to ${b}`).toBe(Math.sign(i - j));
  }
});

test("build metadata does not rank", () => {
  expect(compareVersions("1.0.0+a", "1.0.0+b-1.x")).toBe(0);
});

test("the version of this build is a version", () => {
  expect(parseReleaseVersion(BUILD.version)).toEqual({ ok: true, value: BUILD.version });
});

test("a version longer than any real one is refused", () => {
  expect(parseReleaseVersion(`1.0.0-${"a".repeat(200)}`)).toMatchObject({ ok: false });
});
