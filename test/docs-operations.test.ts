import { describe, expect, test } from "vitest";
import { createMetrics } from "../apps/kms-phala/src/observe/metrics.ts";
import { createReadiness } from "../apps/kms-phala/src/observe/readiness.ts";
import { READINESS_CHECKS } from "../apps/kms-phala/src/observe/readiness-report.ts";
import { err } from "../packages/tdx-quote/src/result.ts";
import { chapterOf, codeOf, readPage, rowsOf } from "./markdown.ts";

const page = readPage("docs/operations.md");

/** The first cell of each row of a chapter's table. */
function namesIn(chapter: string): readonly string[] {
  return rowsOf(chapterOf(page, chapter)).flatMap(([name = ""]) => codeOf(name));
}

describe("docs/operations.md", () => {
  test("lists every metric of the KMS, and no other", async () => {
    const text = await createMetrics().scrape({
      readiness: createReadiness({
        policy: { current: () => err({ reason: "none" }) },
        agent: { deriveKey: () => Promise.resolve(err({ code: "agent-unavailable", reason: "none" })) },
        settings: {
          simulatedRootCaFile: null,
          sigstoreTrustedRootFile: null,
          acceptMockAttestation: false,
          enforceMeasurementPolicy: true,
        },
        challengeStoreProblem: () => null,
        collateral: () => ({ platforms: [], isClockBehind: false }),
        isAuditBroken: () => false,
        profileEvent: () => null,
        monotonicMs: () => 0,
      }),
      collateral: () => ({ platforms: [], isClockBehind: false }),
      profile: "locked-read-only",
      policy: () => null,
      forecast: () => ({ accepted: 0, refused: 0, unknown: 0 }),
    });
    const names = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
    expect(namesIn("Metrics")).toEqual(names);
  });

  test("lists every check of readiness, in its order", () => {
    expect(namesIn("Alive and ready")).toEqual([...READINESS_CHECKS]);
  });
});
