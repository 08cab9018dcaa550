import { assert, property, string } from "fast-check";
import { describe, expect, test } from "vitest";

import {
  compareVersions,
  parseReleaseReference,
  parseReleaseVersion,
  releaseTag,
  type ReleaseVersion,
} from "../src/index.ts";

function version(text: string): ReleaseVersion {
  const parsed = parseReleaseVersion(text);
  if (parsed === null) throw new Error(`not a version: ${text}`);
  return parsed;
}

describe("the name of a release", () => {
  test.each([
    { text: "2.4.0", lane: null, bare: "2.4.0" },
    { text: "2.4.0-rc.12", lane: null, bare: "2.4.0-rc.12" },
    { text: "mero-kms-v2.4.0", lane: "kms", bare: "2.4.0" },
    { text: "mero-tee-v0.0.1", lane: "node", bare: "0.0.1" },
    { text: "mero-verifier-v1.0.0-rc.1", lane: "verifier", bare: "1.0.0-rc.1" },
    { text: "node-image-gcp-v2.1.0", lane: "node", bare: "2.1.0" },
  ])("$text", ({ text, lane, bare }) => {
    expect(parseReleaseReference(text)).toEqual({ ok: true, value: { lane, version: bare } });
  });

  test.each([
    "",
    " 2.4.0",
    "2.4.0\n",
    "v2.4.0",
    "2.4",
    "2.4.0.0",
    "02.4.0",
    "2.4.00",
    "2.4.0-rc.0",
    "2.4.0-rc1",
    "2.4.0-beta.1",
    "2.4.0+build",
    "mero-kms-v",
    "mero-kms-2.4.0",
    "MERO-KMS-v2.4.0",
    "mero-kms-vmero-kms-v2.4.0",
    "refs/tags/mero-kms-v2.4.0",
    "2.4.0/../..",
    "２.4.0",
    "-1.0.0",
    "1e3.0.0",
    "99999999999999999999.0.0",
  ])("%j names no release", (text) => {
    expect(parseReleaseReference(text)).toMatchObject({ ok: false, error: { code: "release-tag-malformed" } });
  });

  test("a tag leads back to its lane and version", () => {
    expect(parseReleaseReference(releaseTag("verifier", version("3.0.1")))).toEqual({
      ok: true,
      value: { lane: "verifier", version: "3.0.1" },
    });
  });

  test("nothing throws", () => {
    assert(
      property(string(), (text) => {
        const result = parseReleaseReference(text);
        expect(result.ok || result.error.code === "release-tag-malformed").toBe(true);
      }),
    );
  });
});

describe("the order of versions", () => {
  test("counts numbers as numbers, and a candidate before its release", () => {
    const sorted = ["0.9.9", "2.4.0-rc.2", "2.4.0-rc.10", "2.4.0", "2.4.1-rc.1", "2.10.0", "10.0.0"].map(version);
    expect(sorted.toReversed().toSorted(compareVersions)).toEqual(sorted);
    expect(compareVersions(version("2.4.0"), version("2.4.0"))).toBe(0);
  });
});
