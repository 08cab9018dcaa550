import { describe, expect, test } from "vitest";
import { comparePrediction } from "../scripts/attestation/prediction.ts";

const SEEN = { rtmr1: "1a".repeat(48), rtmr2: "2b".repeat(48) };
const OTHER = "cd".repeat(48);

describe("what a probe saw, beside what was predicted", () => {
  test.each([
    { name: "says so where both agree", predicted: SEEN, says: "RTMR1 as predicted, RTMR2 as predicted" },
    {
      name: "says what was not predicted",
      predicted: { rtmr1: SEEN.rtmr1 },
      says: "RTMR1 as predicted, RTMR2 not predicted",
    },
    {
      name: "warns of another kernel, with both values",
      predicted: { ...SEEN, rtmr2: OTHER },
      says: `RTMR1 as predicted, warning: RTMR2 is ${SEEN.rtmr2}, and was predicted as ${OTHER}`,
    },
    {
      name: "warns of another partition table, with both values",
      predicted: { ...SEEN, rtmr1: OTHER },
      says: `warning: RTMR1 is ${SEEN.rtmr1}, and was predicted as ${OTHER}, RTMR2 as predicted`,
    },
  ])("$name", ({ predicted, says }) => {
    expect(comparePrediction({ name: "image", predicted }, SEEN)).toBe(says);
  });

  test("takes a description without a prediction for what it is", () => {
    expect(comparePrediction({ name: "image" }, SEEN)).toBe("RTMR1 not predicted, RTMR2 not predicted");
  });
});
