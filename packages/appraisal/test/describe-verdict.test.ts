import { expect, test } from "vitest";
import { describeVerdict, type VerdictWords } from "../src/describe-verdict.ts";

const FACTS: VerdictWords["facts"] = {
  quote: null,
  quoteSha256: null,
  platform: null,
  chain: [],
  tcb: null,
  replay: [],
  registers: [],
  release: { tag: "mero-tee-v2.4.0", publishedAt: null },
  profile: "locked-read-only",
  closestProfile: null,
  composeHash: null,
  appId: null,
  instanceId: null,
  keyProvider: null,
  signatures: [],
  opinion: [],
};
const VERIFIED: VerdictWords = {
  verdict: "verified",
  kind: "node",
  steps: [],
  facts: FACTS,
  because: [],
  validUntil: null,
};

test("the sentence of a verified node says that its image is the production one", () => {
  expect(describeVerdict(VERIFIED)).toBe(
    "Verified: this node of release mero-tee-v2.4.0 runs the production image (locked-read-only) on hardware that Intel vouches for.",
  );
});

test("the sentence of a genuine node with a debug image says that it is one", () => {
  const sentence = describeVerdict({
    ...VERIFIED,
    verdict: "caution",
    because: ["rel.profile"],
    facts: { ...FACTS, profile: "debug-read-only" },
  });
  expect(sentence).toContain("debug image");
  expect(sentence).not.toMatch(/production|verified/i);
});
