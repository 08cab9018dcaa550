import type { Report } from "@mero-tee/appraisal";

/** Whether a report must be shown so that nobody takes it for one about a real machine. */
export function isShownAsSimulated(report: Report): boolean {
  return report.class === "simulated" || report.class === "mock" || report.verdict === "simulated";
}

const PRAISE: readonly (readonly [RegExp, string])[] = [
  [/\bgenuine(?:ly|ness)?\b/gi, "consistent"],
  [/verified/gi, "checked"],
  [/trusted/gi, "accepted"],
];

/** A sentence without the words that praise: what a simulated platform says is never called by them. */
export function withoutPraise(text: string): string {
  return PRAISE.reduce((sentence, [word, plain]) => sentence.replaceAll(word, plain), text);
}
