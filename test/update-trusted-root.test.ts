import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { trustedRootDifference, withTakenAt } from "../scripts/update-trusted-root.ts";

const FOLDER = new URL("../packages/release-artifacts/src/sigstore/", import.meta.url);
const json = readFileSync(new URL("public-good-trusted-root.json", FOLDER), "utf8");
const source = readFileSync(new URL("public-trusted-root.ts", FOLDER), "utf8");

test("a trusted root does not differ from itself in another spelling", () => {
  expect(trustedRootDifference(json, JSON.stringify(JSON.parse(json)))).toEqual([]);
});

test("a party that comes, goes or ends is shown for review", () => {
  const document = JSON.parse(json);
  document.tlogs.pop();
  document.certificateAuthorities[1].validFor.end = "2030-01-01T00:00:00Z";
  const difference = trustedRootDifference(json, JSON.stringify(document));
  expect(difference).toHaveLength(3);
  expect(difference[0]).toMatch(/^- transparency log log2025-1\.rekor\.sigstore\.dev [0-9a-f]{64} from 2025-09-23T/);
  expect(difference[1]).toMatch(/^- certificate authority .+ from 2022-04-13T20:06:15\.000Z$/);
  expect(difference[2]).toMatch(/^\+ certificate authority .+ to 2030-01-01T00:00:00\.000Z$/);
});

test("what is no trusted root is not taken over", () => {
  expect(() => trustedRootDifference(json, "{}")).toThrow("The trusted root is malformed");
});

test("the day of the take-over is written into the source", () => {
  const changed = withTakenAt(source, new Date("2031-05-06T07:08:09Z"));
  expect(changed).toContain('PUBLIC_TRUSTED_ROOT_TAKEN_AT = "2031-05-06T00:00:00Z"');
  expect(() => withTakenAt("", new Date())).toThrow("PUBLIC_TRUSTED_ROOT_TAKEN_AT");
});
