import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { createSimulatedPlatform } from "../src/index.ts";
import { compare, unexplained } from "./differential/compare.ts";
import { caseOf, type EvidenceCase } from "./differential/evidence-case.ts";
import { askOurs, explain } from "./differential/explain.ts";
import { factsOf, type Facts } from "./differential/facts.ts";
import { generatedCase } from "./differential/generated-cases.ts";
import { JS_PEER } from "./differential/js-peer.ts";
import type { OurOutcome, TheirOutcome } from "./differential/outcome.ts";
import type { Peer, PeerName } from "./differential/peer.ts";
import { HAS_REAL_VECTORS, realCases } from "./differential/real-cases.ts";
import { REFUSALS } from "./differential/refusals.ts";
import { writeJson, writeMarkdown, writeText } from "./differential/report.ts";
import { RULES, unneededRules } from "./differential/rule-book.ts";
import { withRootOfIntelsLength } from "./differential/same-length-root.ts";
import { createWasmPeer } from "./differential/wasm-peer.ts";
import { witnesses } from "./differential/witnesses.ts";

/** Generated cases of a normal run; `pnpm differential` takes thousands. */
const GENERATED = 40;

const platform = await createSimulatedPlatform({ seed: "differential", now: 1_772_000_000 });
const peers = [JS_PEER, await createWasmPeer()];
const known = witnesses(platform);

function healthyCase(): EvidenceCase {
  const maker = withRootOfIntelsLength(platform);
  return caseOf(
    "a healthy quote",
    "nothing is wrong",
    maker.buildEvidence(maker.recipe({ reportData: new Uint8Array(64) })),
  );
}

if (!HAS_REAL_VECTORS)
  console.warn("skipped: other verifiers on real quotes (no vectors folder beside the repository)");

const makers = [
  ...known,
  ...realCases().map((evidence) => () => evidence),
  ...Array.from({ length: GENERATED }, (_, index) => () => generatedCase(platform, index)),
];
/** Made before any test, so that no test has to be quick. */
const comparison = await compare(makers, peers);

describe("two other implementations, given the same evidence", () => {
  test("disagree with this one for known reasons only", () => {
    expect(unexplained(comparison)).toEqual([]);
  });

  test("need every rule that is there to explain them", () => {
    expect(unneededRules(comparison)).toEqual([]);
    expect(unneededRules({ ...comparison, disagreements: [] })).toHaveLength(
      RULES.flatMap((rule) => rule.peers).length,
    );
  });

  test("agree with it on healthy quotes", async () => {
    expect(await compare([healthyCase], peers)).toMatchObject({ cases: 1, disagreements: [], misplaced: [] });
  });

  test("have every rule on the page that the repository keeps, and on it no other", () => {
    const page = readFileSync(new URL("../../../docs/differential.md", import.meta.url), "utf8");
    const named = [...page.matchAll(/^\| `([a-z0-9-]+)`/gm)].map(([, id]) => id);
    expect(named).toEqual(RULES.map(({ id }) => id));
    for (const { title } of peers) expect(page).toContain(title);
  });

  test("are all named in each report", () => {
    const lines = writeText(comparison).split("\n");
    const page = writeMarkdown(comparison, "the command");
    expect(JSON.parse(writeJson(comparison))).toMatchObject({
      cases: makers.length,
      disagreements: comparison.disagreements,
    });
    for (const { name, title } of peers) {
      const theirs = comparison.disagreements.filter(({ peer }) => peer === name);
      expect(lines.filter((line) => line.startsWith(`${name}\t`))).toHaveLength(theirs.length);
      expect(lines).toContain(
        `${name}: ${makers.length - theirs.length} agreements, ${theirs.length} disagreements, 0 of them unexplained`,
      );
      expect(page).toContain(`| ${name}: ${title} | ${makers.length} |`);
    }
    for (const { id } of RULES) expect(page).toContain(`\`${id}\``);
  });
});

describe("a wrong answer", async () => {
  interface Observation {
    readonly evidence: EvidenceCase;
    readonly facts: Facts;
    readonly ours: OurOutcome;
    readonly peer: PeerName;
    readonly theirs: TheirOutcome;
  }

  async function observe(): Promise<readonly Observation[]> {
    const sample = [
      ...known.filter((_, index) => index % 4 === 0),
      ...Array.from({ length: 20 }, (_, index) => () => generatedCase(platform, GENERATED + index)),
    ];
    const observations: Observation[] = [];
    for (const make of sample) {
      const evidence = make();
      const facts = factsOf(evidence);
      const ours = await askOurs(evidence);
      for (const peer of peers) {
        observations.push({ evidence, facts, ours, peer: peer.name, theirs: await peer.judge(evidence) });
      }
    }
    return observations;
  }

  const observed = await observe();

  /** Another status than either verifier gave. */
  function otherStatus({ ours, theirs }: Observation): string {
    const given = new Set([ours, theirs].map((outcome) => (outcome.kind === "accepted" ? outcome.status : "")));
    return ["UpToDate", "SWHardeningNeeded", "OutOfDate"].find((status) => !given.has(status)) ?? "";
  }

  const NO_LEVEL = { kind: "refused", message: "No matching TCB level found" } as const;

  const lies: Readonly<Record<string, (observation: Observation) => Partial<Observation> | null>> = {
    "another status from them": (observation) => {
      const { theirs } = observation;
      return theirs.kind === "accepted" ? { theirs: { ...theirs, status: otherStatus(observation) } } : null;
    },
    "an advisory of their own": ({ theirs }) => {
      if (theirs.kind === "refused") return null;
      return { theirs: { ...theirs, advisories: [...theirs.advisories, "INTEL-SA-99999"] } };
    },
    "another RTMR3 from them": ({ ours, theirs }) => {
      if (ours.kind !== "accepted" || theirs.kind === "refused") return null;
      return { theirs: { ...theirs, registers: { ...theirs.registers, rtmr3: "01".repeat(48) } } };
    },
    "a refusal of theirs without a reason": ({ ours, theirs }) =>
      ours.kind === "accepted" && theirs.kind === "accepted" ? { theirs: NO_LEVEL } : null,
    "another status from us": (observation) => {
      const { ours } = observation;
      return ours.kind === "accepted" ? { ours: { ...ours, status: otherStatus(observation) } } : null;
    },
    "an advisory that we leave out": ({ ours }) =>
      ours.kind === "accepted" && ours.advisories.length > 0
        ? { ours: { ...ours, advisories: ours.advisories.slice(1) } }
        : null,
    "a refusal of ours for another reason": ({ theirs }) =>
      theirs.kind === "accepted"
        ? { ours: { kind: "refused", stage: "quote-signature", code: "quote-signature-invalid", subject: "" } }
        : null,
    "an acceptance of ours that both should refuse": ({ ours, theirs }) => {
      if (ours.kind !== "refused" || theirs.kind !== "refused") return null;
      // What the other cannot read at all says nothing about us.
      if (REFUSALS.some(({ message }) => message.test(theirs.message))) return null;
      return { ours: { kind: "accepted", status: "UpToDate", advisories: [], registers: { mrtd: "" } } };
    },
  };

  test.each(Object.keys(lies))("is never explained: %s", (name) => {
    let planted = 0;
    for (const observation of observed) {
      const change = lies[name]?.(observation) ?? null;
      if (change === null) continue;
      planted += 1;
      const { evidence, facts, ours, peer, theirs } = { ...observation, ...change };
      expect(explain(peer, facts, ours, theirs), `${peer}, ${evidence.name}: ${evidence.description}`).toBeNull();
    }
    expect(planted).toBeGreaterThan(0);
  });

  test("stands in the report with the case it is about", async () => {
    const liar: Peer = { ...JS_PEER, judge: () => Promise.resolve(NO_LEVEL) };
    const lied = await compare([healthyCase], [liar]);
    expect(unexplained(lied)).toEqual([
      expect.stringContaining(
        'unexplained: a healthy quote: this project says "UpToDate", js says "refused: No matching',
      ),
    ]);
    expect(writeText(lied)).toContain("UNEXPLAINED");
    expect(JSON.parse(writeJson(lied))).toMatchObject({ verifiers: [{ unexplained: 1 }] });
  });
});
