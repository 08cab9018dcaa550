import { expect, test } from "vitest";
import { RELEASE_LANES, TAG_PREFIX } from "../src/index.ts";

test("no tag of one lane can be read as a tag of another", () => {
  const prefixes = RELEASE_LANES.map((lane) => TAG_PREFIX[lane]);
  for (const prefix of prefixes)
    expect(prefixes.filter((other) => other.startsWith(prefix) || prefix.startsWith(other))).toEqual([prefix]);
});
