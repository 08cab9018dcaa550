import type { ReleaseVerdict, RuleResult } from "@mero-tee/release-artifacts";

import type { Paint } from "./paint.ts";
import { printable } from "./printable.ts";

/** A rule as `release verify` shows it in JSON. */
export interface RuleView {
  readonly id: string;
  readonly status: RuleResult["status"];
  readonly message: string;
  readonly files: readonly string[];
}

/** An asset as `release verify` shows it in JSON. */
export interface AssetView {
  readonly name: string;
  readonly sha256: string | null;
  readonly logIndex: string | null;
  readonly integratedTime: number | null;
}

/** The rules of a verdict. */
export function rulesOf({ rules }: ReleaseVerdict): readonly RuleView[] {
  return rules.map(ruleView);
}

/** The outcome of a rule. */
export function ruleView({ id, status, message, files }: RuleResult): RuleView {
  return { id, status, message, files };
}

/** The assets of a verdict, with what their verified signatures prove. */
export function assetsOf({ evidence }: ReleaseVerdict): readonly AssetView[] {
  const signed = evidence.signatures ?? new Map<string, never>();
  return [...signed].map(([name, signature]) => ({
    name,
    sha256: evidence.assets.get(name)?.sha256 ?? null,
    logIndex: signature.ok ? signature.value.logIndex : null,
    integratedTime: signature.ok ? signature.value.integratedTime : null,
  }));
}

/** One line a rule, then the sum. */
export function verdictText(
  verdict: ReleaseVerdict,
  overrides: Readonly<Record<string, string>>,
  paint: Paint,
): string {
  const { rules, evidence } = verdict;
  const changed = Object.entries(overrides).map(([name, value]) =>
    paint.warn(`! ${name} was set to ${printable(value)}`),
  );
  return ruleLines(rules, `release ${evidence.version} (${evidence.lane})`, paint, changed);
}

/**
 * One line a rule, then the sum under a title.
 *
 * @param notes - lines before the sum
 */
export function ruleLines(
  rules: readonly RuleResult[],
  title: string,
  paint: Paint,
  notes: readonly string[] = [],
): string {
  const words = { pass: paint.good("PASS"), fail: paint.bad("FAIL"), skip: paint.warn("SKIP") } as const;
  const lines = rules.map(({ id, status, message }) => `${words[status]} ${id.padEnd(5)} ${printable(message)}`);
  const count = (status: RuleResult["status"]): number => rules.filter((rule) => rule.status === status).length;
  const sum = `${title}: ${count("pass")} passed, ${count("fail")} failed, ${count("skip")} skipped`;
  return `${[...lines, ...notes, paint.strong(sum)].join("\n")}\n`;
}
