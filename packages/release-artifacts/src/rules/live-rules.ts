import { PROFILES } from "@mero-tee/policy";

import type { MeasurementCandidates } from "../documents/measurement-candidates.ts";
import { LIST_NAMES, type ListsByName, listsOf } from "../documents/release-fields.ts";
import { sameJson } from "../same-json.ts";
import type { LiveEvidence } from "./evidence.ts";
import type { Rule, RuleSheet } from "./rule.ts";

function liveRule(demand: string, judge: (evidence: LiveEvidence, sheet: RuleSheet) => void): Rule<"live"> {
  return { scope: "live", lanes: [], demand, judge };
}

/** Rules about live machines after a release. Source: docs/releases.md. */
export const LIVE_RULES: { readonly [Id in "E-01" | "E-02" | "E-03" | "E-04" | "E-05"]: Rule<"live"> } = {
  "E-01": liveRule("live machines measure exactly as published", ({ published, probes, kms }, sheet) => {
    if (published === undefined && kms === undefined) sheet.unasked("no published measurements were given");
    for (const profile of PROFILES) {
      if (published !== undefined) {
        const expected = listsOf(published.profiles[profile], "allowed");
        compareMachine(`the ${profile} node`, probes[profile], expected, LIST_NAMES, sheet);
      }
      if (kms === undefined) continue;
      const policy = kms.policies[profile]?.policy;
      // Behind dstack's gateway RTMR3 holds a random instance id; there the event log is judged, and its compose hash by E-04.
      const isByLog = policy?.kms_rtmr3_mode === "event-log";
      const names = LIST_NAMES.filter((name) => !(isByLog && name === "rtmr3"));
      if (policy === undefined) sheet.unasked(`the release has no policy of ${profile}`);
      else compareMachine(`the ${profile} KMS`, kms.probes[profile], listsOf(policy, "kms_allowed"), names, sheet);
    }
  }),
  "E-02": liveRule("a policy accepts nodes of its own profile alone", ({ matrix }, sheet) => {
    if (matrix === undefined) {
      sheet.unasked("the profiles were not tried against each other");
      return;
    }
    for (const policy of PROFILES) {
      for (const node of PROFILES) {
        const cells = matrix.filter((each) => each.policy === policy && each.node === node);
        if (cells.length === 0) sheet.fault(`${policy} was not tried against a ${node} node`);
        for (const { allowed } of cells)
          sheet.expect(
            allowed === (policy === node),
            `the policy of ${policy} ${allowed ? "accepts" : "refuses"} a ${node} node`,
          );
      }
    }
  }),
  "E-03": liveRule("forged evidence is refused", ({ antiFake }, sheet) => {
    if (antiFake === undefined || antiFake.length === 0) sheet.unasked("no forgery was tried");
    for (const { profile, ...checks } of antiFake ?? []) {
      sheet.expect(checks.positivePassed, `${profile}: genuine evidence was refused`);
      sheet.expect(checks.wrongNonceRejected, `${profile}: a wrong nonce was accepted`);
      sheet.expect(checks.tamperedQuoteRejected, `${profile}: a changed quote was accepted`);
      sheet.expect(checks.wrongApplicationHashRejected, `${profile}: a wrong application hash was accepted`);
    }
  }),
  "E-04": liveRule("live KMSs run the released composition", ({ composeHashes }, sheet) => {
    if (composeHashes === undefined || composeHashes.length === 0) sheet.unasked("no compose hash was read");
    for (const { profile, live, released } of composeHashes ?? []) {
      sheet.expect(live === released, `${profile}: the live compose hash is ${live}, released is ${released}`);
    }
  }),
  "E-05": liveRule("a KMS refuses nodes of other profiles, with the expected code", ({ crossProfile }, sheet) => {
    if (crossProfile === undefined || crossProfile.length === 0) sheet.unasked("no live node asked a live KMS");
    for (const { kms, node, expectedCode, actualCode } of crossProfile ?? []) {
      sheet.expect(
        expectedCode === actualCode,
        `a ${node} node got ${actualCode ?? "its key"} from the ${kms} KMS, expected was ${expectedCode ?? "its key"}`,
      );
    }
  }),
};

function compareMachine(
  machine: string,
  probe: MeasurementCandidates | undefined,
  expected: ListsByName,
  names: readonly (typeof LIST_NAMES)[number][],
  sheet: RuleSheet,
): void {
  if (probe === undefined) {
    sheet.unasked(`${machine} was not probed`);
    return;
  }
  const seen = listsOf(probe.policy, "allowed");
  for (const name of names) {
    sheet.expect(
      sameJson(seen[name], expected[name]),
      `${machine}: ${name} is ${seen[name].join(", ")}, published is ${expected[name].join(", ")}`,
    );
  }
}
