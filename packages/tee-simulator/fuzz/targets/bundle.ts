import { parseCollateral, type Collateral, type CollateralBundle, type Failure } from "@mero-tee/tdx-quote";
import type { Result } from "@mero-tee/tdx-quote/result";
import { createSimulatedPlatform } from "../../src/index.ts";
import { CORPUS_NOW } from "../corpus.ts";

const platform = await createSimulatedPlatform({ seed: "fuzz bundle", now: CORPUS_NOW });
const complete = await platform.collateral();

/** A TCB info that is done with quickly: one for SGX has no levels to read. */
const SHORT_TCB_INFO = JSON.stringify({
  id: "SGX",
  version: 3,
  issueDate: "2026-01-01T00:00:00Z",
  nextUpdate: "2026-02-01T00:00:00Z",
  fmspc: "00806f050000",
  pceId: "0000",
  tcbType: 0,
  tcbEvaluationDataNumber: 1,
});

const SHORT_BUNDLE: CollateralBundle = {
  ...complete,
  pck_crl_issuer_chain: "",
  tcb_info_issuer_chain: "",
  qe_identity_issuer_chain: "",
  tcb_info: SHORT_TCB_INFO,
};

/**
 * Parses one document inside a bundle whose other parts are well formed and short: the parsers of documents have no other
 * door to the outside.
 */
export function parseInBundle(part: Partial<CollateralBundle>): Result<Collateral, Failure> {
  return parseCollateral(JSON.stringify({ ...SHORT_BUNDLE, ...part }));
}
