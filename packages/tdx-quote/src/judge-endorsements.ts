import { verifyTrustAnchor, type ChainContext, type RoleChain } from "./certificate-chain.ts";
import type { Certificate } from "./certificate.ts";
import type { Collateral } from "./collateral-bundle.ts";
import type { Failure } from "./failure.ts";
import { collateralChains, collateralChecks, judgeCollateral, type JudgedCollateral } from "./judge-collateral.ts";
import { findPckChain, judgePckChain, parsePckChain, type JudgedPckChain } from "./judge-pck-chain.ts";
import { attestationPublicKey } from "./judge-quote-signatures.ts";
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
  collateral: Collateral,
  pckChain: readonly Certificate[],
  isCollateralKnown: boolean,
): readonly [RoleChain, ...RoleChain[]] {
  const pck: RoleChain = { role: "pck", name: "PCK chain", certificates: pckChain };
  if (isCollateralKnown) return [pck];
  const { tcbInfo, qeIdentity, pckCrlIssuer } = collateralChains(collateral);
  return [tcbInfo, qeIdentity, pck, pckCrlIssuer];
}

/**
 * Judges everything that vouches for a quote. What the memory holds for this instant is taken from there: it was judged by the same code,
 * from the same bytes, under the same anchor.
 *
 * Errors, in the order of the stages: `collateral-parse` (the PCK chain's part), `trust-anchor`, `crl`, `tcb-info`, `qe-identity`, `pck-chain`.
 */
export async function judgeEndorsements(
  quote: TdxQuote,
  collateral: Collateral,
  { now, verifier, rootCa, memory }: EndorsementContext,
): Promise<Result<Endorsements, Failure>> {
  const pem = findPckChain(quote, collateral.bundle.pck_certificate_chain);
  if (!pem.ok) return pem;
  const known = memory.recallCollateral(collateral, now);
  const knownPck = known && memory.recallPckChain(pem.value, collateral, now);
  if (known !== undefined && knownPck !== undefined) return ok({ collateral: known, pck: knownPck });

  const parsed = parsePckChain(pem.value);
  if (!parsed.ok) return parsed;
  const chain = parsed.value;
  const chains = anchoredChains(collateral, chain, known !== undefined);
  const isWorthStarting = allEndInRoot(
    chains.map(({ certificates }) => certificates),
    rootCa,
  );
  if (isWorthStarting) {
    startSignatureChecks(
      [
        ...(known === undefined ? collateralChecks(collateral) : []),
        ...chainChecks(chain),
        { signer: chain[0], signature: quote.qeReportSignature, message: quote.qeReportBytes },
      ],
      verifier,
    );
    void verifier.verify(attestationPublicKey(quote), quote.signature, quote.signedBytes);
  }

  const context: ChainContext = { now, verifier };
  const anchorProblem = await verifyTrustAnchor(chains, rootCa, context);
  if (anchorProblem !== null) return err(anchorProblem);
  const judged = known === undefined ? await judgeCollateral(collateral, context) : ok(known);
  if (!judged.ok) return judged;
  const pck = await judgePckChain(chain, collateral, judged.value.tcbInfo, context);
  if (!pck.ok) return pck;
  // Not earlier: the PCK CRL, on which both stand, is judged with the PCK chain.
  memory.keepCollateral(collateral, judged.value);
  memory.keepPckChain(pem.value, collateral, pck.value);
  return ok({ collateral: judged.value, pck: pck.value });
}
