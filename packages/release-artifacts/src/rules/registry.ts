import { ASSET_RULES } from "./asset-rules.ts";
import { CHECKSUM_RULES } from "./checksum-rules.ts";
import { CROSS_FILE_RULES } from "./cross-file-rules.ts";
import { DOCUMENT_RULES } from "./document-rules.ts";
import type { EvidenceByScope, RuleScope } from "./evidence.ts";
import { HISTORY_RULES } from "./history-rules.ts";
import { LIFE_CYCLE_RULES } from "./life-cycle-rules.ts";
import { LIVE_RULES } from "./live-rules.ts";
import { MEASUREMENT_RULES } from "./measurement-rules.ts";
import { REPOSITORY_RULES } from "./repository-rules.ts";
import { type Rule, type RuleResult, RuleSheet } from "./rule.ts";
import { SIGNATURE_RULES } from "./signature-rules.ts";

/** Any rule; its scope says what it judges. */
type AnyRule = { readonly [S in RuleScope]: Rule<S> }[RuleScope];

type RuleTable = typeof ASSET_RULES &
  typeof CHECKSUM_RULES &
  typeof DOCUMENT_RULES &
  typeof CROSS_FILE_RULES &
  typeof MEASUREMENT_RULES &
  typeof SIGNATURE_RULES &
  typeof LIFE_CYCLE_RULES &
  typeof REPOSITORY_RULES &
  typeof LIVE_RULES &
  typeof HISTORY_RULES;

/** The id of a rule, e.g. `M-09`; stable, and documented. */
export type RuleId = keyof RuleTable;

/** Every rule by its id. Source: docs/releases.md. */
export const RULES: RuleTable = {
  ...ASSET_RULES,
  ...CHECKSUM_RULES,
  ...DOCUMENT_RULES,
  ...CROSS_FILE_RULES,
  ...MEASUREMENT_RULES,
  ...SIGNATURE_RULES,
  ...LIFE_CYCLE_RULES,
  ...REPOSITORY_RULES,
  ...LIVE_RULES,
  ...HISTORY_RULES,
};

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys of the table above
export const RULE_IDS: readonly RuleId[] = (Object.keys(RULES) as RuleId[]).toSorted((a, b) => orderOf(a) - orderOf(b));

/** The groups of rules in the order in which they are documented. */
function orderOf(id: RuleId): number {
  const [group = "", number = ""] = id.split("-");
  return ["AS", "CK", "SC", "X", "M", "C", "P", "G", "E"].indexOf(group) * 100 + Number(number);
}

/**
 * Judges everything that rules of one scope say about evidence. Every rule gives a result; none stops the others.
 */
export function judge<S extends RuleScope>(
  scope: S,
  evidence: EvidenceByScope[S],
  accepts: (id: RuleId, rule: Rule<S>) => boolean = () => true,
): readonly RuleResult[] {
  return RULE_IDS.flatMap((id) => {
    const rule: AnyRule = RULES[id];
    if (!isOfScope(rule, scope) || !accepts(id, rule)) return [];
    const sheet = new RuleSheet();
    rule.judge(evidence, sheet);
    return [sheet.result(id, rule.demand)];
  });
}

function isOfScope<S extends RuleScope>(rule: AnyRule, scope: S): rule is Extract<AnyRule, Rule<S>> & Rule<S> {
  return rule.scope === scope;
}
