import { failure } from "@mero-tee/tdx-quote";
import { err, ok } from "@mero-tee/tdx-quote/result";
import { createSimulatedPlatform } from "@mero-tee/tee-simulator";
import { describe, expect, test } from "vitest";
import { makePeer, NOW, platform, startHarness } from "../harness.ts";

// A whole machine under a root of its own: everything about it is right but whom it chains to.
const madeUp = await createSimulatedPlatform({ seed: "made up", now: NOW });
const peer = makePeer();

/** What can be wrong with a quote and its judgement, in the order in which it must answer. */
const DEFECTS = [
  { defect: "cut short", status: 401, tag: "attestation_verification_failed" },
  { defect: "nonce", status: 401, tag: "invalid_challenge" },
  { defect: "peer", status: 401, tag: "peer_id_mismatch" },
  { defect: "made-up machine", status: 401, tag: "attestation_verification_failed" },
  { defect: "no collateral", status: 503, tag: "collateral_unavailable" },
  { defect: "signature", status: 401, tag: "attestation_verification_failed" },
  { defect: "debug", status: 401, tag: "attestation_verification_failed" },
  { defect: "status", status: 403, tag: "tcb_status_rejected" },
  { defect: "mrtd", status: 403, tag: "measurement_policy_rejected" },
  { defect: "rtmr0", status: 403, tag: "measurement_policy_rejected" },
  { defect: "rtmr1", status: 403, tag: "measurement_policy_rejected" },
  { defect: "rtmr2", status: 403, tag: "measurement_policy_rejected" },
  { defect: "rtmr3", status: 403, tag: "measurement_policy_rejected" },
] as const;
type Name = (typeof DEFECTS)[number]["defect"];
const REGISTERS = ["mrtd", "rtmr0", "rtmr1", "rtmr2", "rtmr3"] as const;

async function answerTo(defects: ReadonlySet<Name>) {
  let fetches = 0;
  const harness = await startHarness({
    ...(defects.has("status") ? { env: { ALLOWED_TCB_STATUSES: "OutOfDate" } } : {}),
    async fetchCollateral() {
      fetches += 1;
      return defects.has("no collateral") ? err(failure("fetch", "fetch-failed")) : ok(await platform.collateral());
    },
  });
  const request = await harness.request(peer, {
    async quote(reportData) {
      const issuer = defects.has("made-up machine") ? madeUp : platform;
      const spoilt = reportData.slice();
      if (defects.has("nonce")) spoilt[31] = (spoilt[31] ?? 0) ^ 1;
      if (defects.has("peer")) spoilt[32] = (spoilt[32] ?? 0) ^ 1;
      const registers = REGISTERS.filter((name) => defects.has(name)).map((name) => [name, "5a".repeat(48)]);
      const { quote } = await issuer.issueQuote({
        reportData: spoilt,
        report: {
          ...Object.fromEntries(registers),
          ...(defects.has("debug") ? { tdAttributes: "0100001000000000" } : {}),
        },
      });
      const sent = quote.slice(0, defects.has("cut short") ? 1_000 : quote.length);
      // A byte of the report that no policy looks at.
      if (defects.has("signature")) sent[48 + 190] = (sent[48 + 190] ?? 0) ^ 1;
      return sent;
    },
  });
  const answer = await harness.post("/get-key", request);
  await harness.app.close();
  return { status: answer.statusCode, ...answer.json<{ error?: string; details?: string }>(), fetches };
}

describe("of two defects the earlier one answers", () => {
  test.each(
    DEFECTS.flatMap((first, at) =>
      DEFECTS.slice(at).map(({ defect: second }) => ({ ...first, first: first.defect, second })),
    ),
  )("$first, then $second: $status $tag", async ({ first, second, status, tag }) => {
    const answer = await answerTo(new Set([first, second]));
    expect(answer).toMatchObject({ status, error: tag });
    // The tag is the same for all registers; the sentence is not.
    const named = tag === "measurement_policy_rejected" ? first : "";
    expect(answer.details ?? "").toMatch(new RegExp(`^${named}`));
    const isJudgedBeforeFetching = ["cut short", "nonce", "peer", "made-up machine"].includes(first);
    expect(answer.fetches).toBe(isJudgedBeforeFetching ? 0 : 1);
  });
});
