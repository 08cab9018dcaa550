import type { HistoryEvidence } from "./evidence.ts";
import type { Rule, RuleSheet } from "./rule.ts";

function historyRule(demand: string, judge: (evidence: HistoryEvidence, sheet: RuleSheet) => void): Rule<"history"> {
  return { scope: "history", lanes: [], demand, judge };
}

/**
 * Rules about a release after it was published, which no release can break by itself.
 *
 * Source: docs/releases.md; in addition to the numbered rules.
 */
export const HISTORY_RULES: { readonly [Id in "P-06" | "P-07"]: Rule<"history"> } = {
  "P-06": historyRule("the catalog lists the release as it is", ({ listing }, sheet) => {
    if (listing === undefined) sheet.unasked("no catalog was given");
    else sheet.expect(listing.isListed, `the catalog does not list ${listing.version} as it is`);
  }),
  "P-07": historyRule("released files are what they were", ({ changes }, sheet) => {
    if (changes === undefined) sheet.unasked("no earlier audit was given");
    for (const change of changes ?? []) sheet.fault(change);
  }),
};
