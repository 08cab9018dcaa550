import { allEndInAnchor, judgeTrustAnchor, type ChainContext, type RoleChain } from "./certificate-chain.ts";
import type { Certificate } from "./certificate.ts";
import type { Collateral, CollateralChains, SignedCollateral } from "./collateral-bundle.ts";
import type { Endorsements } from "./endorsements.ts";
import type { Failure } from "./failure.ts";
import { collateralChains, collateralChecks, judgeCollateral } from "./judge-collateral.ts";
import { findPckChain, judgePckChain, parsePckChain, pckRoleChain } from "./judge-pck-chain.ts";
import type { JudgementMemory } from "./judgement-memory.ts";
import type { P256Verifier } from "./p256.ts";
import type { KnownCertificates } from "./pem.ts";
import type { PreparedAnchor } from "./prepared-anchor.ts";
import type { TdxQuote } from "./quote.ts";
import { err, ok, type Result } from "./result.ts";
import { chainChecks, startSignatureChecks } from "./signature-checks.ts";

/** What one verification reads certificates with. */
interface ReadingContext {
  /** Where chains must end. */
  readonly anchor: PreparedAnchor;
  /** Every certificate read so far: the chains of one verification share some of them. */
  readonly certificates: KnownCertificates;
}

/** What one verification judges with. */
export interface JudgementContext extends ChainContext, ReadingContext {
  readonly memory: JudgementMemory;
}

/** Chains in the order in which their trust anchor is judged; those of known collateral are left out. */
function anchoredChains(
  pckChain: readonly Certificate[],
  collateral: CollateralChains | null,
): readonly [RoleChain, ...RoleChain[]] {
  const pck = pckRoleChain(pckChain);
  if (collateral === null) return [pck];
  const { tcbInfo, qeIdentity, pckCrlIssuer } = collateralChains(collateral);
  return [tcbInfo, qeIdentity, pck, pckCrlIssuer];
}

/**
 * Starts the checks that need no more than collateral, while its documents are still to be read: where its chains end in the trust anchor
 * at all, and are as long as they should be. No verdict is given: what is wrong comes out in its stage.
 */
export function startEarlyCollateral(
  collateral: SignedCollateral,
  { anchor }: ReadingContext,
  verifier: P256Verifier,
): void {
  const chains = Object.values(collateralChains(collateral));
  if (!allEndInAnchor(chains, anchor.der)) return;
  const insideChains = chains.flatMap(({ certificates }) => chainChecks(certificates));
  startSignatureChecks([...insideChains, ...collateralChecks(collateral)], verifier);
}

/**
 * The same for a quote's own PCK chain. The quote's two signatures are left for the time when nothing else is to be done but
 * wait for these.
 */
export function startEarlyQuote(
  quote: TdxQuote,
  { anchor, certificates }: ReadingContext,
  verifier: P256Verifier,
): void {
  const pem = findPckChain(quote, undefined);
  const chain = pem.ok ? parsePckChain(pem.value, certificates) : pem;
  if (!chain.ok || !allEndInAnchor([pckRoleChain(chain.value)], anchor.der)) return;
  startSignatureChecks(chainChecks(chain.value), verifier);
}

/**
 * Judges everything that vouches for a quote. What the memory holds for this instant is taken from there: it was judged by
 * the same code, from the same bytes, under the same anchor.
 *
 * Errors, in the order of the stages: `collateral-parse` (the PCK chain's part), `trust-anchor`, `crl`, `tcb-info`,
 * `qe-identity`, `pck-chain`.
 */
export function judgeEndorsements(
  quote: TdxQuote,
  collateral: Collateral,
  context: JudgementContext,
): Result<Endorsements, Failure> {
  const { now, anchor, memory, signatures } = context;
  const pem = findPckChain(quote, collateral.bundle.pck_certificate_chain);
  if (!pem.ok) return pem;
  const known = memory.recallCollateral(collateral, now);
  const knownPck = known && memory.recallPckChain(pem.value, collateral, now);
  if (known !== undefined && knownPck !== undefined) return ok({ collateral: known, pck: knownPck });

  const chain = parsePckChain(pem.value, context.certificates);
  if (!chain.ok) return chain;
  const chains = anchoredChains(chain.value, known === undefined ? collateral : null);
  const anchorProblem = judgeTrustAnchor(chains, anchor.der, context);
  if (anchorProblem !== null) return err(anchorProblem);
  const judged = known === undefined ? judgeCollateral(collateral, context) : ok(known);
  if (!judged.ok) return judged;
  const pck = judgePckChain(chain.value, judged.value, context);
  if (!pck.ok) return pck;
  // Not earlier: the PCK CRL, on which both stand, is judged with the PCK chain.
  signatures.onceGood(memory.keepingCollateral(collateral, judged.value));
  signatures.onceGood(memory.keepingPckChain(pem.value, collateral, pck.value));
  return ok({ collateral: judged.value, pck: pck.value });
}
