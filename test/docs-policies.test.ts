import { describe, expect, test } from "vitest";
import { parseReleasePolicy } from "../packages/policy/src/index.ts";
import { blocksOf, chapterOf, codeOf, readPage, rowsOf } from "./markdown.ts";

const page = readPage("docs/policies.md");
const [example = ""] = blocksOf(page, "json");

/** The released example document, with the sets of the page in it. */
function documentWith(sets: unknown): string {
  const released = readPage(
    "packages/policy/test/vectors/release-policy/kms-phala-attestation-policy.locked-read-only.json",
  );
  const document: { policy: Record<string, unknown> } = JSON.parse(released);
  document.policy["node_measurement_sets"] = sets;
  return JSON.stringify(document);
}

function parse(sets: unknown): ReturnType<typeof parseReleasePolicy> {
  return parseReleasePolicy(documentWith(sets), { profile: "locked-read-only", isLegacyFile: false }, "node");
}

const { node_measurement_sets: sets }: { readonly node_measurement_sets: readonly Record<string, unknown>[] } =
  JSON.parse(example);

describe("docs/policies.md", () => {
  test("shows sets that a policy may have, all members in them", () => {
    expect(parse(sets)).toMatchObject({ ok: true, value: { measurementSets: sets } });
  });

  test("names in its table every member, and each is required as it says", () => {
    const names = rowsOf(chapterOf(page, "The member `node_measurement_sets`")).flatMap(([cell = ""]) => codeOf(cell));
    const spelled = names.flatMap((name) => (name === "rtmr0" ? ["rtmr0", "rtmr1", "rtmr2"] : [name]));
    expect(spelled).toEqual(Object.keys(sets[0] ?? {}));
    for (const name of spelled) {
      const lacking = sets.map((set) => Object.fromEntries(Object.entries(set).filter(([key]) => key !== name)));
      expect(parse(lacking)).toMatchObject({ ok: false, error: { code: "policy-field-missing" } });
    }
  });
});
