import type { PROFILES } from "@mero-tee/policy";
import { describe, expect, test } from "vitest";

import { ASSET, documentText, policyAsset, RULE_IDS } from "../src/index.ts";
import { jsonWith } from "./release-vectors.ts";
import {
  documentFrom,
  type Edit,
  judged,
  knowledge,
  type Recipe,
  releaseFiles,
  sha256,
  stagedFiles,
} from "./release-world.ts";
import { RULE_CASES } from "./rule-cases.ts";
import { OTHER_SCOPE_CASES } from "./rule-cases-elsewhere.ts";

async function promoted() {
  const files = await stagedFiles({ lane: "kms" });
  const read = (profile: (typeof PROFILES)[number]) =>
    documentFrom("attestationPolicy", new TextDecoder().decode(files.get(policyAsset(profile))));
  return {
    debug: read("debug"),
    "debug-read-only": read("debug-read-only"),
    "locked-read-only": read("locked-read-only"),
  };
}

async function knowledgeOf(recipe: Recipe & { readonly reviewed?: Edit }) {
  return { ...knowledge(recipe.lane), ...recipe.outside, ...(await reviewedBy(recipe.reviewed)) };
}

/** The policies as they were reviewed: those of a good release, with one change. */
async function reviewedBy(edit: Edit | undefined) {
  if (edit === undefined) return {};
  const policies = await promoted();
  const debug = documentFrom("attestationPolicy", edit(documentText(policies.debug)));
  return { promotedPolicies: { ...policies, debug } };
}

function otherRtmr3(text: string): string {
  return jsonWith(text, "policy/kms_allowed_rtmr3/0", "ab".repeat(48));
}

describe("a good release", () => {
  test.each(["kms", "node", "verifier"] as const)("of lane %s passes every rule", async (lane) => {
    const outside = { ...knowledge(lane), ...(lane === "kms" ? { promotedPolicies: await promoted() } : {}) };
    const { outcome, rules } = await judged({ lane, outside });
    expect(rules.filter(({ status }) => status !== "pass")).toEqual([]);
    expect(outcome).toBe("ok");
  });

  test("that nobody knows more about passes as well, and says what was not judged", async () => {
    const { outcome, rules } = await judged({ lane: "kms" });
    expect(outcome).toBe("ok");
    expect(rules.filter(({ status }) => status === "skip").map(({ id }) => id)).toEqual(["X-08", "P-04"]);
  });

  test("may have another RTMR3 than was reviewed, where its event log is judged, and not otherwise", async () => {
    const exact = (text: string) => jsonWith(otherRtmr3(text), "policy/kms_rtmr3_mode", "exact");
    const outside = { ...knowledge("kms"), ...(await reviewedBy(otherRtmr3)) };
    expect((await judged({ lane: "kms", outside })).outcome).toBe("ok");
    const strict = { ...knowledge("kms"), ...(await reviewedBy(exact)) };
    const { rules } = await judged({ lane: "kms", outside: strict });
    expect(rules.filter(({ status }) => status === "fail").map(({ id }) => id)).toEqual(["P-04"]);
  });

  test("is judged by the same files twice the same", async () => {
    const [first, second] = [await releaseFiles({ lane: "kms" }), await releaseFiles({ lane: "kms" })];
    expect([...first].map(([name, content]) => [name, sha256(content)])).toEqual(
      [...second].map(([name, content]) => [name, sha256(content)]),
    );
  });
});

describe("a rule refuses", () => {
  test.each(RULE_CASES)("$id: $name", async (recipe) => {
    const { rules, outcome } = await judged({ ...recipe, outside: await knowledgeOf(recipe) });
    const failed = rules.filter(({ status }) => status === "fail");
    const expected = [recipe.id, ...(recipe.also ?? [])];
    expect(failed.map(({ id }) => id).toSorted()).toEqual(expected.toSorted());
    expect(outcome).toBe(expected.every((id) => id.startsWith("AS-")) ? "missing" : "refused");
    expect(failed.every(({ message }) => message.length > 10 && !message.includes("undefined"))).toBe(true);
  });
});

describe("rules about other things", () => {
  test.each(OTHER_SCOPE_CASES)("$id accepts what is right", ({ id, good }) => {
    expect(good().filter((result) => result.id === id)).toMatchObject([{ status: "pass" }]);
  });

  test.each(OTHER_SCOPE_CASES.flatMap(({ id, bad }) => bad.map((each) => ({ id, ...each }))))(
    "$id refuses $name",
    ({ id, results }) => {
      expect(
        results()
          .filter(({ status }) => status === "fail")
          .map((result) => result.id),
      ).toEqual([id]);
    },
  );
});

test("every rule has an example that it refuses, and one that it accepts", () => {
  const refused = new Set([...RULE_CASES.map(({ id }) => id), ...OTHER_SCOPE_CASES.map(({ id }) => id)]);
  expect(RULE_IDS.filter((id) => !refused.has(id))).toEqual([]);
  expect(RULE_IDS).toHaveLength(78);
});

test("a rule whose input is missing blocks the release without failing itself", async () => {
  const { rules, outcome } = await judged({ lane: "kms", tamper: (files) => files.delete(ASSET.kmsManifest) });
  expect(rules.find(({ id }) => id === "X-01")).toMatchObject({ status: "skip", isBlocked: true });
  expect(outcome).toBe("missing");
});

test("a trust bundle with a member of nobody's is refused", async () => {
  const archives = { "mero-kms-phala_node.tar.gz": ["a", "a"] };
  const { rules } = await judged({ lane: "kms", archives });
  expect(rules.find(({ id }) => id === "AS-07")?.message).toContain('"a" is in it twice');
});
