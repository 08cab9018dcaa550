import { describeNearestSet, type PolicyDecision, type PolicyField } from "@mero-tee/policy";

import type { Paint } from "./paint.ts";
import { table, type Row } from "./table.ts";

/**
 * What a policy decided, for people: the verdict with the measurement set it rests on, or every mismatch.
 *
 * @param subject - what was judged, e.g. `this quote`
 */
export function policyDecisionText(decision: PolicyDecision, subject: string, paint: Paint): string {
  const { measurementSet, nearestSet } = decision;
  if (decision.allowed) {
    const which = measurementSet === undefined ? "" : `, measurement set ${measurementSet.id}`;
    return `${paint.good(`✓ accepts ${subject}`)}${which}\n`;
  }
  const rows = decision.mismatches.flatMap(({ field, actual, allowed }): readonly Row[] => [
    [field, paint.bad(actual)],
    ["", whatIsAllowed(field, allowed, decision)],
    ...allowed.map((value): Row => ["", value]),
  ]);
  const which = nearestSet === undefined ? "" : `${describeNearestSet(nearestSet)}.\n`;
  return `${paint.bad(`✗ does not accept ${subject}`)}\n${which}${table(rows)}`;
}

function whatIsAllowed(field: PolicyField, allowed: readonly string[], { nearestSet }: PolicyDecision): string {
  if (allowed.length === 0) return "the policy lists nothing, so nothing is accepted";
  return nearestSet === undefined || field === "tcbStatus" ? "the policy lists:" : "the nearest set has:";
}
