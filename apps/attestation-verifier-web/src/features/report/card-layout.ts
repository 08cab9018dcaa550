import type { Step, StepId, StepStatus } from "@mero-tee/appraisal";

import type { TEXT } from "../../messages.ts";

export type CardId = keyof typeof TEXT.cards;

/** Which steps each card is about, in the order of the cards. Every step stands on one card. */
const CARD_STEPS: Readonly<Record<CardId, readonly StepId[]>> = {
  freshness: ["fresh.nonce", "fresh.binding", "env.clock"],
  hardware: [
    "dcap.chain",
    "dcap.crl",
    "dcap.qe",
    "dcap.sig",
    "dcap.collateral",
    "tcb.status",
    "tcb.advisories",
    "tcb.baseline",
    "td.attributes",
    "td.module",
  ],
  runs: ["rel.select", "rel.measurements", "rel.profile", "rel.compat"],
  started: ["log.parse", "log.rtmr0", "log.rtmr1", "log.rtmr2", "log.rtmr3"],
  deployment: ["app.compose-hash", "app.mrconfigid", "app.key-provider"],
  release: ["rel.sigstore"],
  opinion: ["ita.token", "ita.claims"],
  limits: ["chan.binding"],
  raw: ["input.parse", "quote.parse", "src.side-fields"],
};

export const CARD_IDS: readonly CardId[] = [
  "freshness",
  "hardware",
  "runs",
  "started",
  "deployment",
  "release",
  "opinion",
  "limits",
  "raw",
];

/** Worst first: what a card or a group is called by. */
const WORST_FIRST: readonly StepStatus[] = ["fail", "error", "skip", "warn", "running", "pending", "pass", "info"];

/**
 * The status that stands for several steps: the worst of those that count. A skipped step counts where it is required, or where
 * nothing else was done.
 */
export function worstStatus(steps: readonly Step[]): StepStatus {
  const counted = steps.filter(({ status, required }) => required || (status !== "skip" && status !== "info"));
  const judged = counted.length > 0 ? counted : steps;
  return WORST_FIRST.find((status) => judged.some((step) => step.status === status)) ?? "skip";
}

/** The steps of a card that this report has. */
export function stepsOfCard(steps: readonly Step[], card: CardId): readonly Step[] {
  return CARD_STEPS[card].flatMap((id) => steps.filter((step) => step.id === id));
}
