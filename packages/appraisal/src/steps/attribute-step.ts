import { describeFailure, judgeTdAttributes, xfamWarnings } from "@mero-tee/tdx-quote";

import type { Case } from "../case.ts";
import { fail, item, pass, skip, warn } from "../finding.ts";
import type { EvidenceItem, Finding } from "../step.ts";
import { TD_ATTRIBUTE_BITS } from "../td-attribute-bits.ts";

/** Attributes are little-endian: byte 0 of the hex holds bits 0 to 7. */
function isSet(attributesHex: string, bit: number): boolean {
  const byte = Number.parseInt(attributesHex.slice(2 * (bit >> 3), 2 * (bit >> 3) + 2), 16);
  return ((byte >> (bit & 7)) & 1) === 1;
}

/** `td.attributes`. */
export function judgeAttributes({ quote }: Case): Finding {
  if (quote?.parsed.ok !== true) return skip("There is no quote.", "evidence-missing");
  const { report } = quote.parsed.value;
  const evidence: EvidenceItem[] = [
    item("TD attributes", report.tdAttributes, "quote", "hex"),
    ...TD_ATTRIBUTE_BITS.map(([bit, name]) =>
      item(`Bit ${bit}, ${name}`, isSet(report.tdAttributes, bit) ? "on" : "off", "quote"),
    ),
    item("XFAM", report.xfam, "quote", "hex"),
  ];
  // Service domains are for the step about the module.
  const judged = judgeTdAttributes(report, { allowServiceTd: true });
  if (!judged.ok) return fail(judged.error.code, describeFailure(judged.error), evidence);
  if (isSet(report.tdAttributes, 63)) {
    const summary = "Performance counters are on, through which a host learns more than it should.";
    return warn("td-perfmon-enabled", summary, evidence);
  }
  if (xfamWarnings(report).length > 0) {
    return warn(
      "td-xfam-unusual",
      "The processor features of this domain are not those of any known machine.",
      evidence,
    );
  }
  return pass(
    "The domain is not in debug mode, cannot be migrated, and its host cannot disturb its memory accesses.",
    evidence,
  );
}
