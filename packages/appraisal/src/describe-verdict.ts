import { formatRfc3339Utc } from "@mero-tee/tdx-quote";

import type { ReportFacts, Verdict } from "./report.ts";
import type { AttesterKind } from "./request.ts";
import type { Step } from "./step.ts";

/** What a sentence about a verdict is made from. */
export interface VerdictWords {
  readonly verdict: Verdict;
  readonly kind: AttesterKind | null;
  readonly steps: readonly Step[];
  readonly facts: ReportFacts;
  readonly because: readonly Step["id"][];
  readonly validUntil: number | null;
}

const KIND_NAMES: Readonly<Record<AttesterKind, string>> = { kms: "KMS", node: "node" };

function subjectOf({ kind, facts }: VerdictWords): string {
  const name = kind === null ? "machine" : KIND_NAMES[kind];
  return facts.release?.tag == null ? `this ${name}` : `this ${name} of release ${facts.release.tag}`;
}

/** Most titles that one sentence names. */
const NAMED_STEPS = 3;

function titlesOf({ steps, because }: VerdictWords): string {
  const titles = because.flatMap((id) => steps.find((step) => step.id === id)?.title ?? []);
  const named = titles.slice(0, NAMED_STEPS).join(", ");
  return titles.length > NAMED_STEPS ? `${named} and ${titles.length - NAMED_STEPS} more` : named;
}

/** The verdict in one sentence. Unknown is never phrased as good, and a simulation never as anything that could be trusted. */
// oxlint-disable-next-line typescript/consistent-return -- the switch is exhaustive, which the compiler checks
export function describeVerdict(words: VerdictWords): string {
  const { verdict, because, facts } = words;
  switch (verdict) {
    case "verified":
      return `Verified: ${subjectOf(words)} runs the production image (${facts.profile ?? ""}) on hardware that Intel vouches for.`;
    case "caution":
      if (because.includes("rel.profile")) {
        return `Genuine, but a debug image: ${subjectOf(words)} runs ${facts.profile ?? "another profile"}, which is open to its operator.`;
      }
      return `Genuine, with reservations about ${subjectOf(words)}: ${titlesOf(words)}.`;
    case "incomplete":
      if (because.length === 1 && because[0] === "fresh.nonce") {
        return "Not enough to decide: everything that can be checked holds; nobody can say when this was produced.";
      }
      return `Not enough to decide: ${silence(words) ?? `not looked at: ${titlesOf(words)}`}.`;
    case "failed":
      return `Do not trust ${subjectOf(words)}. What does not hold: ${titlesOf(words)}.`;
    case "simulated":
      return "Simulated: this proves nothing about any real machine.";
  }
}

/** What the first step says where nothing came back at all: everything else follows from it. */
function silence({ steps }: VerdictWords): string | null {
  const input = steps.find(({ id }) => id === "input.parse");
  if (input?.status !== "error") return null;
  return input.summary.replace(/\.$/, "").replace(/^N/, "n");
}

/** Sentences that stand under a verdict whatever its colour: its limits, and what changed nothing. */
export function notesOf(words: VerdictWords): readonly string[] {
  const { steps, validUntil, verdict } = words;
  const isClockOff = steps.some(({ id, status }) => id === "env.clock" && status === "warn");
  const noted = steps.filter(
    ({ id, status }) => status === "warn" && (id === "src.side-fields" || id === "tcb.baseline"),
  );
  return [
    "It does not prove that your other traffic to this address reaches that machine.",
    ...(validUntil === null ? [] : [`The reference data behind this counts until ${formatRfc3339Utc(validUntil)}.`]),
    ...noted.map(({ summary }) => summary),
    ...(verdict === "failed" && isClockOff
      ? ["This device's clock differs from another one: set it right and check again before you conclude anything."]
      : []),
  ];
}
