import { describe, expect, test } from "vitest";
import { type Measurement, RTMR3_NEVER_EXTENDED, RTMR3_WITHOUT_ROOT_HASH } from "../../../packages/policy/src/index.ts";
import { nodeRelease } from "../release.ts";
import { appraiseWith, given, nodeQuote, outcome } from "../world.ts";
import { changedRelease, publishedProfile, type StepRow, testSteps, world } from "./step-rows.ts";

/** A release, duly signed, that lists an RTMR3 which names no image and no root hash that would contradict it. */
function rowOfNoImage(name: string, rtmr3: Measurement): StepRow {
  return {
    name,
    kind: "node",
    change: async () => ({
      tag: "2.4.0",
      inputs: [{ name: "q", bytes: await nodeQuote(world.platform, { report: { rtmr3 } }) }],
      ...changedRelease("node", {
        published: (document) => {
          const values = publishedProfile(document, "locked-read-only");
          values["allowed_rtmr3"] = [rtmr3];
          delete values["root_hash"];
        },
      }),
    }),
    step: "rel.sigstore",
    status: "fail",
    code: "policy-measurement-forbidden",
    verdict: "failed",
  };
}

const CHOICE_ROWS: readonly StepRow[] = [
  rowOfNoImage(
    "a node that found no root hash, and a release that lists what it measured instead",
    RTMR3_WITHOUT_ROOT_HASH,
  ),
  rowOfNoImage("a node that never extended RTMR3, and a release that lists the zeros", RTMR3_NEVER_EXTENDED),
  {
    name: "a release with a measurement set of a node that never extended RTMR3",
    kind: "node",
    change: () => ({
      tag: "2.4.0",
      ...changedRelease("node", {
        published: (document) => {
          const values = publishedProfile(document, "locked-read-only");
          document["measurement_sets"] = [
            {
              id: "2.4.0/locked-read-only/c3-standard-4",
              profile: "locked-read-only",
              machine_type: "c3-standard-4",
              ...Object.fromEntries(
                ["mrtd", "rtmr0", "rtmr1", "rtmr2"].map((name) => [name, [values[`allowed_${name}`]].flat()[0]]),
              ),
              rtmr3: RTMR3_NEVER_EXTENDED,
              td_attributes: "0000001000000000",
              xfam: "e702060000000000",
            },
          ];
        },
      }),
    }),
    step: "rel.sigstore",
    status: "fail",
    code: "policy-measurement-forbidden",
    verdict: "failed",
  },
  {
    name: "nobody's release",
    kind: "kms",
    change: () => ({ releases: { status: "absent", reason: "none was asked for" } }),
    step: "rel.select",
    status: "skip",
    code: "release-missing",
    verdict: "simulated",
  },
  {
    name: "releases that did not come",
    kind: "kms",
    change: () => ({ releases: { status: "unavailable", reason: "time ran out" } }),
    step: "rel.select",
    status: "error",
    code: "release-unavailable",
    verdict: "simulated",
  },
  {
    name: "a release that does not exist",
    kind: "kms",
    change: () => ({ tag: "9.9.9" }),
    step: "rel.select",
    status: "fail",
    code: "release-unknown",
    verdict: "failed",
  },
  {
    name: "releases of which none has what runs",
    kind: "kms",
    change: () => ({ releases: given([]) }),
    step: "rel.select",
    status: "skip",
    code: "release-unmatched",
    verdict: "simulated",
  },
  {
    name: "a release that was withdrawn",
    kind: "kms",
    change: () => changedRelease("kms", { withdrawn: "it leaks" }),
    step: "rel.select",
    status: "warn",
    code: "release-withdrawn",
    verdict: "simulated",
  },
  {
    name: "a release that this build knows a newer one than",
    kind: "node",
    change: () => ({}),
    anchors: () => ({
      newestRelease: { kms: null, node: { tag: "mero-tee-v2.5.0", knownAt: "2026-11-01T00:00:00Z" } },
    }),
    step: "rel.select",
    status: "warn",
    code: "release-outdated",
    verdict: "simulated",
  },
  {
    name: "an old release that nobody names, while this build knows a newer one",
    kind: "node",
    change: () => ({ releases: given([{ ...world.releases.node, tag: null }]) }),
    anchors: () => ({
      newestRelease: { kms: null, node: { tag: "mero-tee-v2.5.0", knownAt: "2026-11-01T00:00:00Z" } },
    }),
    step: "rel.select",
    status: "warn",
    code: "release-outdated",
    verdict: "simulated",
  },
];

testSteps(CHOICE_ROWS);

test.each([
  { listed: "mero-tee-v2.5.0", says: "It is not the newest" },
  { listed: "mero-tee-v2.4.0", says: "" },
])("where $listed is listed, the choice says: $says", async ({ listed, says }) => {
  const report = await appraiseWith(world, "node", {
    releases: given([{ ...world.releases.node, newestListed: listed }]),
  });
  const step = report.steps.find(({ id }) => id === "rel.select");
  expect(step?.status).toBe("pass");
  expect(step?.summary.includes("It is not the newest")).toBe(says !== "");
});

describe("when nobody says what it is", () => {
  test("a KMS is told by its binding and its compose hash", async () => {
    const report = await appraiseWith(world, "kms", { kind: null });
    expect(report.kind).toBe("kms");
    expect(outcome(report, "rel.measurements").status).toBe("pass");
  });

  test("a node is not guessed: the release stays unchosen", async () => {
    const report = await appraiseWith(world, "node", { kind: null });
    expect(report.kind).toBeNull();
    expect(outcome(report, "rel.select")).toEqual({ status: "skip", code: "release-missing" });
    expect(outcome(report, "fresh.binding").status).toBe("info");
  });
});

describe("a search among releases", () => {
  test("takes the newest that fits, and one whose signatures hold before one whose do not", async () => {
    const forged = { ...nodeRelease(world.platform, world.sigstore, { version: "9.0.0", signing: { forms: [] } }) };
    const report = await appraiseWith(world, "node", { releases: given([forged, world.releases.node]) });
    expect(report.facts.release?.tag).toBe("mero-tee-v2.4.0");
    expect(outcome(report, "rel.sigstore").status).toBe("pass");
  });
});
