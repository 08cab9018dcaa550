import { describe, expect, test } from "vitest";

import { createPaint, wantsColour } from "../src/paint.ts";

describe("wantsColour", () => {
  test.each([
    { name: "a terminal gets colour", isTTY: true, environment: {}, colour: true },
    { name: "a pipe gets none", isTTY: false, environment: {}, colour: false },
    { name: "NO_COLOR turns it off on a terminal", isTTY: true, environment: { NO_COLOR: "1" }, colour: false },
    { name: "an empty NO_COLOR says nothing", isTTY: true, environment: { NO_COLOR: "" }, colour: true },
    { name: "FORCE_COLOR turns it on in a pipe", isTTY: false, environment: { FORCE_COLOR: "1" }, colour: true },
    { name: "FORCE_COLOR=0 turns it off on a terminal", isTTY: true, environment: { FORCE_COLOR: "0" }, colour: false },
    {
      name: "FORCE_COLOR wins over NO_COLOR",
      isTTY: false,
      environment: { FORCE_COLOR: "1", NO_COLOR: "1" },
      colour: true,
    },
    { name: "a dumb terminal gets none", isTTY: true, environment: { TERM: "dumb" }, colour: false },
  ])("$name", ({ isTTY, environment, colour }) => {
    expect(wantsColour({ isTTY }, environment)).toBe(colour);
  });
});

test("a paint without colour leaves text as it is, one with colour adds escapes around it", () => {
  expect(createPaint(false).bad("refused")).toBe("refused");
  expect(createPaint(true).bad("refused")).toBe("\u001B[1m\u001B[31mrefused\u001B[39m\u001B[22m");
});
