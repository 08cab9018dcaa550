import { expect, test } from "vitest";
import type { AppraisalRequest } from "../../../packages/appraisal/src/index.ts";
import { DEFAULT_BINDING } from "../../../packages/kms-protocol/src/index.ts";
import { toBase64 } from "../../../packages/tdx-quote/src/base64.ts";
import { appraiseWith, NONCE, nodeQuote, NOW, outcome, reportDataOf } from "../world.ts";
import { changedAnswer, changedRelease, type StepRow, testSteps, world } from "./step-rows.ts";

/** The quote of a node with 32 times this byte in the second half of its report data. */
async function bound(byte: number): Promise<Pick<AppraisalRequest, "inputs">> {
  const reportData = reportDataOf(NONCE, new Uint8Array(32).fill(byte));
  return { inputs: [{ name: "quote", bytes: await nodeQuote(world.platform, { reportData }) }] };
}

const FRESHNESS_ROWS: readonly StepRow[] = [
  {
    name: "an answer to another challenge",
    kind: "kms",
    change: () => ({ challenge: { nonce: NONCE.with(31, 0), source: "verifier", roundTripMs: null } }),
    step: "fresh.nonce",
    status: "fail",
    code: "nonce-mismatch",
    verdict: "failed",
  },
  {
    name: "a recorded quote with the new challenge beside it",
    kind: "kms",
    change: async () => ({
      ...(await changedAnswer((answer) => (answer.reportDataHex = "ab".repeat(32) + answer.reportDataHex.slice(64)))),
      challenge: { nonce: new Uint8Array(32).fill(0xab), source: "verifier", roundTripMs: 5 },
    }),
    step: "fresh.nonce",
    status: "fail",
    code: "nonce-mismatch",
    verdict: "failed",
  },
  {
    name: "no challenge",
    kind: "node",
    change: () => ({ challenge: null }),
    step: "fresh.nonce",
    status: "skip",
    code: "nonce-missing",
    verdict: "simulated",
  },
  {
    name: "a challenge that a service made",
    kind: "node",
    change: () => ({ challenge: { nonce: NONCE, source: "server", roundTripMs: null } }),
    step: "fresh.nonce",
    status: "warn",
    code: "nonce-not-ours",
    verdict: "simulated",
  },
  {
    name: "a KMS that answers with a binding of its own",
    kind: "kms",
    change: async () =>
      await changedAnswer(() => undefined, { reportData: reportDataOf(NONCE, new Uint8Array(32).fill(7)) }),
    step: "fresh.binding",
    status: "fail",
    code: "binding-mismatch",
    verdict: "failed",
  },
  {
    // Mistake 4.
    name: "a KMS that leaves out the binding that was asked for",
    kind: "kms",
    change: () => ({ binding: new Uint8Array(32).fill(7) }),
    step: "fresh.binding",
    status: "fail",
    code: "binding-mismatch",
    verdict: "failed",
  },
  {
    name: "a node that quotes for a KMS",
    kind: "node",
    change: async () => ({
      inputs: [
        { name: "quote", bytes: await nodeQuote(world.platform, { reportData: reportDataOf(NONCE, DEFAULT_BINDING) }) },
      ],
    }),
    step: "fresh.binding",
    status: "fail",
    code: "binding-mismatch",
    verdict: "failed",
  },
  {
    name: "a node that binds another application than the one that was asked for",
    kind: "node",
    change: async () => ({ ...(await bound(7)), applicationId: "app", applicationHash: new Uint8Array(32).fill(8) }),
    step: "fresh.binding",
    status: "fail",
    code: "binding-mismatch",
    verdict: "failed",
  },
  {
    name: "a node that leaves out the application that was asked for",
    kind: "node",
    change: () => ({ applicationId: "app", applicationHash: new Uint8Array(32).fill(8) }),
    step: "fresh.binding",
    status: "fail",
    code: "binding-mismatch",
    verdict: "failed",
  },
  {
    name: "a node that binds an application that nobody asked for",
    kind: "node",
    change: async () => await bound(7),
    step: "fresh.binding",
    status: "fail",
    code: "binding-mismatch",
    verdict: "failed",
  },
  {
    name: "an application whose hash nobody knows",
    kind: "node",
    change: async () => ({ ...(await bound(7)), applicationId: "app" }),
    step: "fresh.binding",
    status: "skip",
    code: "application-hash-missing",
    verdict: "simulated",
  },
  {
    name: "a release that names another default binding",
    kind: "kms",
    change: () =>
      changedRelease("kms", {
        policy: (document) =>
          Object.assign(Object(document["kms"]), {
            default_binding_hex: "07".repeat(32),
            default_binding_b64: toBase64(new Uint8Array(32).fill(7)),
          }),
      }),
    step: "fresh.binding",
    status: "fail",
    code: "binding-policy-mismatch",
    verdict: "failed",
  },
  {
    name: "a clock that is six minutes off",
    kind: "node",
    change: () => ({ otherClock: NOW - 360 }),
    step: "env.clock",
    status: "warn",
    code: "clock-implausible",
    verdict: "simulated",
  },
];

testSteps(FRESHNESS_ROWS);

test("a node that binds the application that was asked for passes", async () => {
  const change = { ...(await bound(7)), applicationId: "app", applicationHash: new Uint8Array(32).fill(7) };
  expect(outcome(await appraiseWith(world, "node", change), "fresh.binding")).toEqual({ status: "pass", code: null });
});
