import { expect, test } from "vitest";

import { newestReleases } from "../build/newest-releases.ts";

/** An entry of a catalog. */
function entry(version: string, more: object = {}): object {
  return {
    version,
    kms_tag: `mero-kms-v${version}`,
    node_image_tag: `mero-tee-v${version}`,
    kms_policy_url: `https://example.com/${version}/kms.json`,
    node_policy_url: `https://example.com/${version}/node.json`,
    ...more,
  };
}

function newestOf(...releases: readonly object[]): ReturnType<typeof newestReleases> {
  return newestReleases(JSON.stringify({ schema_version: 1, releases }));
}

test("a catalog without releases knows of none", () => {
  expect(newestOf()).toEqual({ kms: null, node: null });
});

test("the last release is the newest, unless it was withdrawn", () => {
  const withdrawn = { withdrawn: { reason: "it leaks keys", at: "2026-11-01T00:00:00Z" } };
  expect(newestOf(entry("2.4.0"), entry("2.5.0"))).toEqual({ kms: "mero-kms-v2.5.0", node: "mero-tee-v2.5.0" });
  expect(newestOf(entry("2.4.0"), entry("2.5.0", withdrawn))).toEqual({
    kms: "mero-kms-v2.4.0",
    node: "mero-tee-v2.4.0",
  });
});

test("nothing is built with a catalog that cannot be read", () => {
  expect(() => newestReleases("{}")).toThrow("cannot be read");
});
