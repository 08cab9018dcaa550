import { judgeChain, judgeCrl, type ChainContext, type RoleChain } from "./certificate-chain.ts";
import type { Certificate } from "./certificate.ts";
import type { Collateral, CollateralChains, SignedCollateral } from "./collateral-bundle.ts";
import type { Crl } from "./crl.ts";
import { failure, type Failure, type Stage } from "./failure.ts";
import type { QeIdentity } from "./qe-identity.ts";
import { err, ok, type Result } from "./result.ts";
import { signedBy, type SignatureCheck } from "./signature-checks.ts";
import type { TdxTcbInfo } from "./tcb-info.ts";
import { intersectWindows, isWithin, type ValidityWindow } from "./validity-window.ts";

/**
 * TCB info and QE identity that Intel (or whose root was given) signed, and the time in which all they stand on is valid: once the
 * signatures that were required for it have proved good.
 */
export interface JudgedCollateral {
  /** What was judged; the CRLs of a later verification that recalls this are these. */
  readonly collateral: Collateral;
  readonly tcbInfo: TdxTcbInfo;
  readonly qeIdentity: QeIdentity;
  /** Of both documents, both CRLs and the three chains of the collateral. */
  readonly window: ValidityWindow;
}

/** The chains that every collateral carries, in the order in which their trust anchor is judged; the PCK chain goes between the last two. */
export function collateralChains(chains: CollateralChains): {
  readonly tcbInfo: RoleChain;
  readonly qeIdentity: RoleChain;
  readonly pckCrlIssuer: RoleChain;
} {
  const { tcbInfoIssuerChain, qeIdentityIssuerChain, pckCrlIssuerChain } = chains;
  return {
    tcbInfo: { role: "tcb-signing", name: "TCB info issuer chain", certificates: tcbInfoIssuerChain },
    qeIdentity: { role: "tcb-signing", name: "QE identity issuer chain", certificates: qeIdentityIssuerChain },
    pckCrlIssuer: { role: "pck-crl-issuer", name: "PCK CRL issuer chain", certificates: pckCrlIssuerChain },
  };
}

/** Every signature that a collateral stands on besides those inside its chains. */
export function collateralChecks(collateral: SignedCollateral): readonly SignatureCheck[] {
  const { tcbInfo, qeIdentity, rootCaCrl, pckCrl } = collateral;
  const { tcbInfoIssuerChain, qeIdentityIssuerChain, pckCrlIssuerChain } = collateral;
  return [
    signedBy(rootCaCrl, tcbInfoIssuerChain.at(-1)),
    signedBy({ tbs: tcbInfo.bytes, signature: collateral.tcbInfoSignature }, tcbInfoIssuerChain[0]),
    signedBy({ tbs: qeIdentity.bytes, signature: collateral.qeIdentitySignature }, qeIdentityIssuerChain[0]),
    signedBy(pckCrl, pckCrlIssuerChain[0]),
  ];
}

/** The time in which everything in a collateral is valid. */
function collateralWindow(collateral: Collateral): ValidityWindow {
  const { tcbInfo, qeIdentity, rootCaCrl, pckCrl } = collateral;
  const documents = [tcbInfo, qeIdentity].map(({ issueDate, nextUpdate }) => ({
    notBefore: issueDate,
    notAfter: nextUpdate,
  }));
  const crls = [rootCaCrl, pckCrl].map(({ thisUpdate, nextUpdate }) => ({
    notBefore: thisUpdate,
    notAfter: nextUpdate,
  }));
  return intersectWindows([
    ...documents,
    ...crls,
    ...collateral.tcbInfoIssuerChain,
    ...collateral.qeIdentityIssuerChain,
    ...collateral.pckCrlIssuerChain,
  ]);
}

function judgeRootCrl(collateral: Collateral, root: Certificate, context: ChainContext): Failure | null {
  const problem = judgeCrl(collateral.rootCaCrl, root, "root CA CRL", "crl", context);
  if (problem !== null) return problem;
  return collateral.rootCaCrl.revokes(root.serialHex)
    ? failure("crl", "certificate-revoked", { subject: "root" })
    : null;
}

/** What TCB info and QE identity have in common. */
interface SignedDocument {
  readonly stage: Stage & ("tcb-info" | "qe-identity");
  readonly chain: readonly Certificate[];
  readonly bytes: Uint8Array;
  readonly signature: Uint8Array;
  readonly issueDate: number;
  readonly nextUpdate: number;
}

function judgeDocument(document: SignedDocument, rootCrl: Crl, context: ChainContext): Failure | null {
  const { stage, chain, bytes, signature, issueDate, nextUpdate } = document;
  const problem = judgeChain(chain, "tcb-signing", stage, { ...context, rootCrl });
  if (problem !== null) return problem;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a chain that was judged has its length
  const signer = chain[0] as Certificate;
  context.signatures.require(signedBy({ tbs: bytes, signature }, signer), failure(stage, `${stage}-signature-invalid`));
  const { now } = context;
  const window = { notBefore: issueDate, notAfter: nextUpdate };
  if (isWithin(window, now)) return null;
  return now < issueDate
    ? failure(stage, `${stage}-not-yet-valid`, { expected: issueDate, actual: now })
    : failure(stage, `${stage}-expired`, { expected: nextUpdate, actual: now });
}

/**
 * Judges everything in a collateral that does not depend on a quote, except the PCK CRL, whose failures come after those of the PCK chain.
 * The trust anchor of the chains must have been judged.
 *
 * Errors, stages `crl`, `tcb-info`, `qe-identity` in this order: CRL codes, `certificate-revoked` for the root itself; for both documents
 * chain codes, signature, window, type.
 * Source: Intel SGX DCAP Quote Verification Library, collateral verification; Intel PCS API v4.
 */
export function judgeCollateral(collateral: Collateral, context: ChainContext): Result<JudgedCollateral, Failure> {
  const { tcbInfo, qeIdentity, rootCaCrl } = collateral;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- chains whose trust anchor was judged have their length
  const root = collateral.tcbInfoIssuerChain.at(-1) as Certificate;
  const crlProblem = judgeRootCrl(collateral, root, context);
  if (crlProblem !== null) return err(crlProblem);

  const tcbInfoProblem = judgeDocument(
    {
      stage: "tcb-info",
      chain: collateral.tcbInfoIssuerChain,
      signature: collateral.tcbInfoSignature,
      ...tcbInfo,
    },
    rootCaCrl,
    context,
  );
  if (tcbInfoProblem !== null) return err(tcbInfoProblem);
  if (tcbInfo.id !== "TDX") {
    return err(failure("tcb-info", "tcb-info-wrong-type", { expected: "TDX", actual: tcbInfo.id }));
  }

  const qeIdentityProblem = judgeDocument(
    {
      stage: "qe-identity",
      chain: collateral.qeIdentityIssuerChain,
      signature: collateral.qeIdentitySignature,
      ...qeIdentity,
    },
    rootCaCrl,
    context,
  );
  if (qeIdentityProblem !== null) return err(qeIdentityProblem);
  if (qeIdentity.id !== "TD_QE") {
    return err(failure("qe-identity", "qe-identity-wrong-type", { expected: "TD_QE", actual: qeIdentity.id }));
  }
  return ok({ collateral, tcbInfo, qeIdentity, window: collateralWindow(collateral) });
}
