import type { AppraisalRequest } from "../../../packages/appraisal/src/index.ts";
import { createSimulatedPlatform } from "../../../packages/tee-simulator/src/index.ts";
import { given, nodeQuote, NONCE, NOW, reportDataOf, ZEROS } from "../world.ts";
import { type StepRow, testSteps, world } from "./step-rows.ts";

/** A node with something wrong, and the collateral that goes with it. */
async function defectiveQuote(defect: string): Promise<Partial<AppraisalRequest>> {
  const { platform } = world;
  const { quote } = await platform.issueQuote({ reportData: reportDataOf(NONCE, ZEROS), role: "node", defect });
  return {
    inputs: [{ name: "quote", bytes: new Uint8Array(quote) }],
    collateral: given(await platform.collateralText({ forQuote: quote })),
  };
}

const HARDWARE_ROWS: readonly StepRow[] = [
  {
    name: "a platform of another root",
    kind: "node",
    change: () => ({}),
    anchors: () => ({ rootCa: world.platform.rootCa.slice(0, -1) }),
    step: "dcap.chain",
    status: "fail",
    code: "chain-root-untrusted",
    verdict: "failed",
  },
  {
    name: "a revoked machine",
    kind: "node",
    change: async () => await defectiveQuote("pck-revoked"),
    step: "dcap.crl",
    status: "fail",
    code: "certificate-revoked",
    verdict: "failed",
  },
  {
    name: "an altered signature",
    kind: "node",
    change: async () => {
      const quote = await nodeQuote(world.platform);
      // XFAM, inside the signed body: header 48 bytes, field at 128.
      const at = 48 + 128 + 2;
      return { inputs: [{ name: "quote", bytes: quote.with(at, (quote[at] ?? 0) ^ 1) }] };
    },
    step: "dcap.sig",
    status: "fail",
    code: "quote-signature-invalid",
    verdict: "failed",
  },
  {
    name: "a revoked signer of reference data",
    kind: "node",
    change: async () => await defectiveQuote("tcb-signing-revoked"),
    step: "dcap.crl",
    status: "fail",
    code: "certificate-revoked",
    verdict: "failed",
  },
  {
    name: "a TDX module of another signer",
    kind: "node",
    change: async () => await defectiveQuote("tdx-module-mrsigner"),
    step: "td.module",
    status: "fail",
    code: "tdx-module-mismatch",
    verdict: "failed",
  },
  {
    name: "performance counters that the domain uses",
    kind: "node",
    change: async () => await defectiveQuote("td-perfmon"),
    step: "td.attributes",
    status: "warn",
    code: "td-perfmon-enabled",
    verdict: "simulated",
  },
  {
    name: "a forged quoting enclave",
    kind: "node",
    change: async () => await defectiveQuote("qe-mrsigner-mismatch"),
    step: "dcap.qe",
    status: "fail",
    code: "qe-mrsigner-mismatch",
    verdict: "failed",
  },
  {
    name: "collateral that was written again",
    kind: "node",
    change: async () => {
      const bundle: { tcb_info: string } = JSON.parse(await world.platform.collateralText());
      return { collateral: given(JSON.stringify({ ...bundle, tcb_info: `${bundle.tcb_info} ` })) };
    },
    step: "dcap.collateral",
    status: "fail",
    verdict: "failed",
  },
  {
    name: "expired collateral",
    kind: "node",
    change: () => ({ now: NOW + 90 * 86_400 }),
    step: "dcap.collateral",
    status: "fail",
    code: "tcb-info-expired",
    verdict: "failed",
  },
  {
    name: "collateral of another machine model",
    kind: "node",
    change: async () => {
      const sibling = await createSimulatedPlatform({ seed: "appraisal", now: NOW, fmspc: "53494d000001" });
      return { collateral: given(await sibling.collateralText()) };
    },
    step: "dcap.collateral",
    status: "fail",
    code: "fmspc-mismatch",
    verdict: "failed",
  },
  {
    name: "collateral that did not come",
    kind: "node",
    change: () => ({ collateral: { status: "unavailable", reason: "time ran out" } }),
    step: "dcap.collateral",
    status: "error",
    code: "collateral-not-obtained",
    verdict: "simulated",
  },
  {
    name: "collateral that is none",
    kind: "node",
    change: () => ({ collateral: given("{}") }),
    step: "dcap.collateral",
    status: "error",
    code: "collateral-malformed",
    verdict: "simulated",
  },
  {
    name: "a domain in debug mode",
    kind: "node",
    change: async () => await defectiveQuote("td-debug"),
    step: "td.attributes",
    status: "fail",
    code: "td-debug-enabled",
    verdict: "failed",
  },
];

testSteps(HARDWARE_ROWS);
