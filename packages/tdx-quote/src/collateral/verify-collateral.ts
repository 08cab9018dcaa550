import {
  PCK_CA_COMMON_NAMES,
  judgeChain,
  judgeCrl,
  judgeTrustAnchor,
  type ChainContext,
} from "../certificate-chain.ts";
import type { Certificate } from "../certificate.ts";
import { encodeCollateral, parseCollateral, type Collateral, type CollateralBundle } from "../collateral-bundle.ts";
import type { Failure } from "../failure.ts";
import { requireInstant } from "../instant.ts";
import { INTEL_SGX_ROOT_CA } from "../intel-root-ca.ts";
import { collateralChains, judgeCollateral } from "../judge-collateral.ts";
import { createP256Verifier } from "../p256.ts";
import { judgeWithSignatures } from "../required-signatures.ts";
import { err, ok, type Result } from "../result.ts";
import type { PckCa } from "./platform.ts";

/** A set of collateral that verified, for which platforms it is, until when, and how recent. */
export interface VerifiedCollateral {
  readonly collateral: Collateral;
  /** 12 lower-case hex digits, from the signed TCB info. */
  readonly fmspc: string;
  /** The CA whose PCK certificates the PCK CRL lists. */
  readonly ca: PckCa;
  /** First and last second at which every part of the set is valid, Unix seconds. */
  readonly validFrom: number;
  readonly validUntil: number;
  /** Numbers that Intel only raises; a lower one is an older document. */
  readonly tcbEvaluationDataNumber: { readonly tcbInfo: number; readonly qeIdentity: number };
  readonly crlNumber: { readonly rootCa: bigint; readonly pck: bigint };
}

/**
 * Judges a fetched set at an instant (Unix seconds), without any quote.
 *
 * Errors: every code of the stages `collateral-parse` to `pck-chain` that concerns collateral.
 */
export type VerifyCollateral = (bundle: CollateralBundle, now: number) => Promise<Result<VerifiedCollateral, Failure>>;

/**
 * Makes a judge of collateral on its own: chains to the root, both CRLs, both signed documents, all windows. It decides what
 * a cache keeps; `verifyQuote` judges the same again, together with the quote.
 *
 * @param rootCa - DER of the trust anchor, default Intel's SGX Root CA
 * Rejects with RangeError when `now` is not whole Unix seconds.
 * Source: Intel SGX DCAP Quote Verification Library, collateral checks; RFC 5280.
 */
export function createCollateralVerifier(rootCa: Uint8Array = INTEL_SGX_ROOT_CA): VerifyCollateral {
  return async (bundle, now) => {
    requireInstant(now);
    const parsed = parseCollateral(encodeCollateral(bundle));
    if (!parsed.ok) return parsed;
    const collateral = parsed.value;
    return judgeWithSignatures(createP256Verifier(), (signatures) =>
      judgeAlone(collateral, rootCa, { now, signatures }),
    );
  };
}

function judgeAlone(
  collateral: Collateral,
  rootCa: Uint8Array,
  context: ChainContext,
): Result<VerifiedCollateral, Failure> {
  const { tcbInfo, qeIdentity, pckCrlIssuer } = collateralChains(collateral);
  const anchorProblem = judgeTrustAnchor([tcbInfo, qeIdentity, pckCrlIssuer], rootCa, context);
  if (anchorProblem !== null) return err(anchorProblem);
  const judged = judgeCollateral(collateral, context);
  if (!judged.ok) return judged;
  const ca = judgePckCrl(collateral, context);
  if (!ca.ok) return ca;
  return ok({
    collateral,
    fmspc: judged.value.tcbInfo.fmspc,
    ca: ca.value,
    validFrom: judged.value.window.notBefore,
    validUntil: judged.value.window.notAfter,
    tcbEvaluationDataNumber: {
      tcbInfo: judged.value.tcbInfo.tcbEvaluationDataNumber,
      qeIdentity: judged.value.qeIdentity.tcbEvaluationDataNumber,
    },
    crlNumber: { rootCa: collateral.rootCaCrl.crlNumber, pck: collateral.pckCrl.crlNumber },
  });
}

/** Judges the PCK CRL with the chain it came with; the chain's first name says whose certificates it lists. */
function judgePckCrl(collateral: Collateral, context: ChainContext): Result<PckCa, Failure> {
  const { pckCrl, pckCrlIssuerChain, rootCaCrl } = collateral;
  const stage = "pck-chain";
  const chainProblem = judgeChain(pckCrlIssuerChain, "pck-crl-issuer", stage, {
    ...context,
    rootCrl: rootCaCrl,
  });
  if (chainProblem !== null) return err(chainProblem);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the chain was judged, so it has two certificates
  const issuer = pckCrlIssuerChain[0] as Certificate;
  const crlProblem = judgeCrl(pckCrl, issuer, "PCK CRL", stage, context);
  if (crlProblem !== null) return err(crlProblem);
  return ok(issuer.subjectCommonName === PCK_CA_COMMON_NAMES.platform ? "platform" : "processor");
}
