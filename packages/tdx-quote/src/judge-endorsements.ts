import { verifyTrustAnchor, type ChainContext, type RoleChain } from "./certificate-chain.ts";
import type { Certificate } from "./certificate.ts";
import type { Collateral, CollateralChains, OpenedCollateral } from "./collateral-bundle.ts";
import type { Failure } from "./failure.ts";
import { collateralChains, collateralChecks, judgeCollateral, type JudgedCollateral } from "./judge-collateral.ts";
import { findPckChain, judgePckChain, parsePckChain, type JudgedPckChain } from "./judge-pck-chain.ts";
import { quoteChecks } from "./judge-quote-signatures.ts";
import type { JudgementMemory } from "./judgement-memory.ts";
import type { TdxQuote } from "./quote.ts";
import { err, ok, type Result } from "./result.ts";
import { allEndInRoot, chainChecks, startSignatureChecks } from "./signature-checks.ts";

/** Who vouches for a quote: the judged collateral and the judged PCK chain. */
export interface Endorsements {
  readonly collateral: JudgedCollateral;
  readonly pck: JudgedPckChain;
}

/** What one verification of endorsements runs with. */
export interface EndorsementContext extends ChainContext {
  /** DER of the trust anchor. */
  readonly rootCa: Uint8Array;
  readonly memory: JudgementMemory;
}

/** Chains in the order in which their trust anchor is judged; those of known collateral are left out. */
function anchoredChains(
  pckChain: readonly Certificate[],
  collateral: CollateralChains | null,
): readonly [RoleChain, ...RoleChain[]] {
  const pck: RoleChain = { role: "pck", name: "PCK chain", certificates: pckChain };
  if (collateral === null) return [pck];
  const { tcbInfo, qeIdentity, pckCrlIssuer } = collateralChains(collateral);
  return [tcbInfo, qeIdentity, pck, pckCrlIssuer];
}

/**
 * Starts the checks of quote and chains, if the chains end in the trust anchor at all.
 *
 * @returns whether they do
 */
function startChecks(
  quote: TdxQuote,
  pckChain: readonly Certificate[],
  chains: readonly RoleChain[],
  { rootCa, verifier }: EndorsementContext,
): boolean {
  const certificates = chains.map((chain) => chain.certificates);
  const isWorthIt = allEndInRoot(certificates, rootCa);
  if (isWorthIt) {
    startSignatureChecks(
      [...certificates.flatMap(chainChecks), ...quoteChecks(quote, pckChain[0]?.publicKey)],
      verifier,
    );
  }
  return isWorthIt;
}

/** What {@link startEarly} has done already. */
export interface EarlyStart {
  readonly pckChain: Result<readonly Certificate[], Failure>;
  /** Whether the checks of quote and chains run. */
  readonly hasStarted: boolean;
}

/**
 * Starts the checks that need no more than quote and chains, while the rest of a collateral is still to be parsed. No verdict
 * is given here: what is wrong comes out again in its stage.
 *
 * @returns null where the quote has no PCK chain
 */
export function startEarly(
  quote: TdxQuote,
  { bundle, chains, certificates }: OpenedCollateral,
  context: EndorsementContext,
): EarlyStart | null {
  const pem = findPckChain(quote, bundle.pck_certificate_chain);
  if (!pem.ok) return null;
  const pckChain = parsePckChain(pem.value, certificates);
  const hasStarted =
    pckChain.ok &&
    chains.ok &&
    startChecks(quote, pckChain.value, anchoredChains(pckChain.value, chains.value), context);
  return { pckChain, hasStarted };
}

/**
 * Judges everything that vouches for a quote. What the memory holds for this instant is taken from there: it was judged by
 * the same code, from the same bytes, under the same anchor.
 *
 * @param early - what {@link startEarly} gave, where it ran
 * Errors, in the order of the stages: `collateral-parse` (the PCK chain's part), `trust-anchor`, `crl`, `tcb-info`,
 * `qe-identity`, `pck-chain`.
 */
export async function judgeEndorsements(
  quote: TdxQuote,
  collateral: Collateral,
  context: EndorsementContext,
  early: EarlyStart | null,
): Promise<Result<Endorsements, Failure>> {
  const { now, rootCa, verifier, memory } = context;
  const pem = findPckChain(quote, collateral.bundle.pck_certificate_chain);
  if (!pem.ok) return pem;
  const known = memory.recallCollateral(collateral, now);
  const knownPck = known && memory.recallPckChain(pem.value, collateral, now);
  if (known !== undefined && knownPck !== undefined) {
    startSignatureChecks(quoteChecks(quote, knownPck.leafKey), verifier);
    return ok({ collateral: known, pck: knownPck });
  }

  const parsed = early === null ? parsePckChain(pem.value) : early.pckChain;
  if (!parsed.ok) return parsed;
  const chain = parsed.value;
  const chains = anchoredChains(chain, known === undefined ? collateral : null);
  const hasStarted = early?.hasStarted ?? startChecks(quote, chain, chains, context);
  if (hasStarted && known === undefined) startSignatureChecks(collateralChecks(collateral), verifier);

  const anchorProblem = await verifyTrustAnchor(chains, rootCa, context);
  if (anchorProblem !== null) return err(anchorProblem);
  const judged = known === undefined ? await judgeCollateral(collateral, context) : ok(known);
  if (!judged.ok) return judged;
  const pck = await judgePckChain(chain, judged.value, context);
  if (!pck.ok) return pck;
  // Not earlier: the PCK CRL, on which both stand, is judged with the PCK chain.
  memory.keepCollateral(collateral, judged.value);
  memory.keepPckChain(pem.value, collateral, pck.value);
  return ok({ collateral: judged.value, pck: pck.value });
}
