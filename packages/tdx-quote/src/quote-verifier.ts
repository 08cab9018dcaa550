import type { Collateral } from "./collateral-bundle.ts";
import type { Failure } from "./failure.ts";
import { INTEL_SGX_ROOT_CA } from "./intel-root-ca.ts";
import { createJudgementMemory, type Verification } from "./judgement-memory.ts";
import { createP256KeyImporter } from "./p256.ts";
import { prepareAnchor } from "./prepared-anchor.ts";
import type { TdxQuote } from "./quote.ts";
import type { Result } from "./result.ts";
import { runPckChainVerification, type PckChainOptions, type PlatformModel } from "./verify-pck-chain.ts";
import { runVerification, type VerifiedQuote, type VerifyOptions } from "./verify-quote.ts";

/** How a long-lived verifier is set up. */
export interface QuoteVerifierOptions {
  /** DER of the trust anchor; Intel's SGX root CA when absent. */
  readonly rootCa?: Uint8Array;
  /** Most judged collaterals kept; default 64 (one per platform model and update). */
  readonly maxCollaterals?: number;
  /** Most judged PCK chains kept, and most attestation keys; default 1024 (one per platform). */
  readonly maxPckChains?: number;
}

/** A verifier that does not judge the same collateral and the same platform again while they are valid. */
export interface QuoteVerifier {
  /** As `verifyQuote`, for one trust anchor; pass a parsed {@link Collateral} to have it neither parsed nor hashed again. */
  readonly verify: (
    quote: Uint8Array | TdxQuote,
    collateral: Collateral | string,
    options: Omit<VerifyOptions, "rootCa">,
  ) => Promise<Result<VerifiedQuote, Failure>>;
  /** As `verifyPckChain`, for the same trust anchor. */
  readonly verifyPckChain: (
    quote: TdxQuote,
    options: Omit<PckChainOptions, "rootCa">,
  ) => Promise<Result<PlatformModel, Failure>>;
}

/**
 * Makes a verifier with bounded memories of successes: judged collateral, judged PCK chains, attestation keys with their QE
 * report. A quote from a known platform then costs two signature checks in place of ten, and one where its attestation key was
 * seen before. A memory's key covers every byte that was judged, the CRLs and the anchor; what rests on validity windows counts
 * only inside all of them, so a verdict is the same with and without.
 *
 * Throws RangeError for a limit below 1.
 */
export function createQuoteVerifier(options: QuoteVerifierOptions = {}): QuoteVerifier {
  const { maxCollaterals = 64, maxPckChains = 1024 } = options;
  const anchor = prepareAnchor(options.rootCa ?? INTEL_SGX_ROOT_CA);
  const memory = createJudgementMemory(anchor.der, { maxCollaterals, maxPckChains });
  // A platform's quotes carry two keys that the judged collateral does not have: those of its PCK leaf and its attestation key.
  const importKey = createP256KeyImporter(2 * maxPckChains);
  const begin = (): Verification => ({ anchor, memory, verifier: anchor.createVerifier(importKey) });
  return {
    verify: (quote, collateral, verifyOptions) => runVerification(quote, collateral, verifyOptions, begin()),
    verifyPckChain: (quote, pckOptions) => runPckChainVerification(quote, pckOptions, begin()),
  };
}
