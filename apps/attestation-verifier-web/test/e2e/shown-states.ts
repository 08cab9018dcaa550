import type { Outcome } from "../../src/worker/protocol.ts";
import { appraiseKms, asProduction, kmsAnswer, outcomeOf, type World } from "./world.ts";

/** The five answers that the page can give. */
export const STATES = ["verified", "caution", "failed", "incomplete", "simulated"] as const;
export type State = (typeof STATES)[number];

const TAG = "mero-kms-v0.0.0";

/** One finished check for each answer, from evidence of a simulated platform. */
export async function shownStates(world: World): Promise<Readonly<Record<State, Outcome>>> {
  const healthy = await kmsAnswer(world);
  const debug = await kmsAnswer(world, { profile: "debug" });
  const foreign = await kmsAnswer(world, { report: { mrtd: "5e".repeat(48) } });
  const good = await appraiseKms(world, healthy);
  const open = await appraiseKms(world, debug);
  const wrong = await appraiseKms(world, foreign);
  const lacking = await appraiseKms(world, healthy, {
    releases: { status: "unavailable", reason: "This site's API could not fetch signed release data" },
  });
  const of = ({ request, report }: typeof good, sentence: string, answer: string): Outcome =>
    outcomeOf(request, asProduction(report, sentence), answer);
  return {
    verified: of(
      good,
      `Verified: this KMS of release ${TAG} runs the production image (locked-read-only) on hardware that Intel vouches for.`,
      healthy,
    ),
    caution: of(
      open,
      `Genuine, but a debug image: this KMS of release ${TAG} runs debug, which is open to its operator.`,
      debug,
    ),
    failed: of(
      wrong,
      `Do not trust this KMS of release ${TAG}. What does not hold: Registers match the release.`,
      foreign,
    ),
    incomplete: of(lacking, "Not enough to decide: Release chosen could not be looked at.", healthy),
    simulated: outcomeOf(good.request, good.report, healthy),
  };
}

/** A worker that answers every check with one outcome, as the script that the page starts. */
export function workerThatSays(outcome: Outcome): string {
  // Of what was judged the page only asks which sources did not answer.
  const { collateral, earlyCollateral, releases, trustAuthority } = outcome.request;
  const supplies = { collateral, earlyCollateral, releases, trustAuthority };
  const request = Object.fromEntries(Object.entries(supplies).map(([name, { status }]) => [name, { status }]));
  const text = JSON.stringify({ ...outcome, request, quote: null });
  return `const outcome = ${text};
addEventListener("message", ({ data: { type, id } }) => {
  if (type === "check") postMessage({ type: "finished", id, outcome });
  if (type === "recognise") postMessage({ type: "recognised", id, inputs: [] });
  if (type === "tags") postMessage({ type: "tags", id, tags: [] });
});`;
}
