import { PROFILES } from "@mero-tee/policy";

import { LIST_NAMES, listsOf } from "../documents/release-fields.ts";
import { sameJson } from "../same-json.ts";
import type { LiveEvidence } from "./evidence.ts";
import type { Rule, RuleSheet } from "./rule.ts";

function liveRule(demand: string, judge: (evidence: LiveEvidence, sheet: RuleSheet) => void): Rule<"live"> {
  return { scope: "live", lanes: [], demand, judge };
}

/** Rules about live machines after a release. Source: mero-tee release families, validation rules, E2E. */
export const LIVE_RULES: { readonly [Id in "E-01" | "E-02" | "E-03" | "E-04" | "E-05"]: Rule<"live"> } = {
  "E-01": liveRule("live machines measure exactly as published", ({ published, probes }, sheet) => {
    if (published === undefined) sheet.unasked("no published measurements were given");
    for (const profile of published === undefined ? [] : PROFILES) {
      const probe = probes[profile];
      if (probe === undefined) {
        sheet.unasked(`${profile} was not probed`);
        continue;
      }
      const [seen, expected] = [
        listsOf(probe.policy, "allowed"),
        listsOf(published?.profiles[profile] ?? {}, "allowed"),
      ];
      for (const name of LIST_NAMES) {
        sheet.expect(
          sameJson(seen[name], expected[name]),
          `${profile}: ${name} is ${seen[name].join(", ")}, published is ${expected[name].join(", ")}`,
        );
      }
    }
  }),
  "E-02": liveRule("a policy accepts nodes of its own profile alone", ({ matrix }, sheet) => {
    if (matrix === undefined) {
      sheet.unasked("the profiles were not tried against each other");
      return;
    }
    for (const policy of PROFILES) {
      for (const node of PROFILES) {
        const cell = matrix.find((each) => each.policy === policy && each.node === node);
        if (cell === undefined) sheet.fault(`${policy} was not tried against a ${node} node`);
        else
          sheet.expect(
            cell.allowed === (policy === node),
            `the policy of ${policy} ${cell.allowed ? "accepts" : "refuses"} a ${node} node`,
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
  "E-05": liveRule(
    "the locked KMS refuses nodes of other profiles, with the expected code",
    ({ crossProfile }, sheet) => {
      if (crossProfile === undefined || crossProfile.length === 0) sheet.unasked("no other profile was tried");
      for (const { node, expectedCode, actualCode } of crossProfile ?? []) {
        sheet.expect(
          expectedCode === actualCode,
          `a ${node} node got ${actualCode ?? "its key"}, expected was ${expectedCode ?? "its key"}`,
        );
      }
    },
  ),
};
