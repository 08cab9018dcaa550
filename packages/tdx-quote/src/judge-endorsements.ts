import { verifyTrustAnchor, type ChainContext, type RoleChain } from "./certificate-chain.ts";
import type { Certificate } from "./certificate.ts";
import type { Collateral, CollateralChains, SignedCollateral } from "./collateral-bundle.ts";
import type { Endorsements } from "./endorsements.ts";
import type { Failure } from "./failure.ts";
import { collateralChains, collateralChecks, judgeCollateral } from "./judge-collateral.ts";
import { findPckChain, judgePckChain, parsePckChain } from "./judge-pck-chain.ts";
import { quoteChecks } from "./judge-quote-signatures.ts";
import type { JudgementMemory } from "./judgement-memory.ts";
import type { KnownCertificates } from "./pem.ts";
import type { TdxQuote } from "./quote.ts";
import { err, ok, type Result } from "./result.ts";
import { allEndInRoot, chainChecks, startSignatureChecks, type SignatureCheck } from "./signature-checks.ts";

/** What one verification of endorsements runs with. */
export interface EndorsementContext extends ChainContext {
  /** DER of the trust anchor. */
  readonly rootCa: Uint8Array;
  readonly memory: JudgementMemory;
  /** Every certificate read so far: the chains of one verification share some of them. */
  readonly certificates: KnownCertificates;
  /** Whether {@link startEarlyQuote} and {@link startEarlyCollateral} did their part for the quote and the collateral that are judged. */
  readonly hasStarted: boolean;
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

/** Starts checks whose chains end in the trust anchor at all. No verdict is given: what is wrong comes out in its stage. */
function startAnchored(
  chains: readonly (readonly Certificate[])[],
  checks: readonly SignatureCheck[],
  { rootCa, verifier }: EndorsementContext,
  meanwhile: "work" | "wait",
): void {
  if (allEndInRoot(chains, rootCa)) startSignatureChecks(checks, verifier, meanwhile);
}

/** Starts the checks that need no more than collateral, while its documents are still to be read. */
export function startEarlyCollateral(collateral: SignedCollateral, context: EndorsementContext): void {
  const { tcbInfoIssuerChain, qeIdentityIssuerChain, pckCrlIssuerChain } = collateral;
  const chains = [tcbInfoIssuerChain, qeIdentityIssuerChain, pckCrlIssuerChain];
  startAnchored(chains, [...chains.flatMap(chainChecks), ...collateralChecks(collateral)], context, "work");
}

/**
 * Starts the checks of a quote's own PCK chain, while documents are still to be read. The quote's two signatures are left
 * for the time when nothing else is to be done but wait for these.
 */
export function startEarlyQuote(quote: TdxQuote, context: EndorsementContext): void {
  const pem = findPckChain(quote, undefined);
  const chain = pem.ok ? parsePckChain(pem.value, context.certificates) : pem;
  if (chain.ok) startAnchored([chain.value], chainChecks(chain.value), context, "work");
}

/**
 * Judges everything that vouches for a quote. What the memory holds for this instant is taken from there: it was judged by
 * the same code, from the same bytes, under the same anchor.
 *
 * Errors, in the order of the stages: `collateral-parse` (the PCK chain's part), `trust-anchor`, `crl`, `tcb-info`,
 * `qe-identity`, `pck-chain`.
 */
export async function judgeEndorsements(
  quote: TdxQuote,
  collateral: Collateral,
  context: EndorsementContext,
): Promise<Result<Endorsements, Failure>> {
  const { now, rootCa, verifier, memory, hasStarted } = context;
  const pem = findPckChain(quote, collateral.bundle.pck_certificate_chain);
  if (!pem.ok) return pem;
  const known = memory.recallCollateral(collateral, now);
  const knownPck = known && memory.recallPckChain(pem.value, collateral, now);
  if (known !== undefined && knownPck !== undefined) {
    const isKeyKnown = memory.attestationKeys.knows(quote, knownPck.leafKey);
    startSignatureChecks(quoteChecks(quote, knownPck.leafKey, isKeyKnown), verifier, "wait");
    return ok({ collateral: known, pck: knownPck, isKeyKnown });
  }

  const parsed = parsePckChain(pem.value, context.certificates);
  if (!parsed.ok) return parsed;
  const chain = parsed.value;
  const chains = anchoredChains(chain, known === undefined ? collateral : null);
  const leafKey = chain[0]?.publicKey ?? null;
  const isKeyKnown = leafKey !== null && memory.attestationKeys.knows(quote, leafKey);
  const certificates = chains.map((anchored) => anchored.certificates);
  // What was started need not be asked for again. A PCK chain that came with the collateral was not.
  const checks = [
    ...(hasStarted ? [chain] : certificates).flatMap(chainChecks),
    ...(known === undefined && !hasStarted ? collateralChecks(collateral) : []),
    ...quoteChecks(quote, leafKey, isKeyKnown),
  ];
  startAnchored(certificates, checks, context, "wait");

  const anchorProblem = await verifyTrustAnchor(chains, rootCa, context);
  if (anchorProblem !== null) return err(anchorProblem);
  const judged = known === undefined ? await judgeCollateral(collateral, context) : ok(known);
  if (!judged.ok) return judged;
  const pck = await judgePckChain(chain, judged.value, context);
  if (!pck.ok) return pck;
  // Not earlier: the PCK CRL, on which both stand, is judged with the PCK chain.
  memory.keepCollateral(collateral, judged.value);
  memory.keepPckChain(pem.value, collateral, pck.value);
  return ok({ collateral: judged.value, pck: pck.value, isKeyKnown });
}
