import type { Certificate } from "./certificate.ts";
import {
  chainLength,
  firstFailure,
  FORM_CHECKS,
  linksFromRoot,
  requireIssuance,
  revokedBy,
  ROOT_PLACE,
  windowChecks,
  type ChainRole,
  type Link,
} from "./chain-links.ts";
import type { Crl } from "./crl.ts";
import { equalBytes } from "./equal-bytes.ts";
import { failure, type Failure, type Stage } from "./failure.ts";
import type { RequiredSignatures } from "./required-signatures.ts";
import { signedBy } from "./signature-checks.ts";

export { chainLength, PCK_CA_COMMON_NAMES, type ChainRole } from "./chain-links.ts";

/** A chain, leaf first, as it stands in a quote or in collateral. */
export interface RoleChain {
  readonly role: ChainRole;
  /** How a failure names the chain as a whole: `"PCK chain"`. */
  readonly name: string;
  readonly certificates: readonly Certificate[];
}

/** What the checks of one verification share. */
export interface ChainContext {
  /** Unix seconds. */
  readonly now: number;
  readonly signatures: RequiredSignatures;
}

/** A context that also knows what the root has revoked. */
export interface RevocationContext extends ChainContext {
  /** The root CA CRL, judged already. */
  readonly rootCrl: Crl;
}

/** A context that also has what may revoke a PCK leaf; neither part is judged yet. */
export interface PckRevocationContext extends RevocationContext {
  readonly pckCrl: Crl;
  /** PCK CA, then root, as delivered with the CRL. */
  readonly pckCrlIssuerChain: readonly Certificate[];
}

/** Whether chains have the length of their role and end in the trust anchor: worth the expensive checks, no verdict yet. */
export function allEndInAnchor(chains: readonly RoleChain[], rootCa: Uint8Array): boolean {
  return chains.every(({ role, certificates }) => {
    const root = certificates.at(-1);
    return root !== undefined && certificates.length === chainLength(role) && equalBytes(root.der, rootCa);
  });
}

/**
 * Judges whether chains end where they must: for each chain in the order given the exact length, then the last certificate
 * byte-equal to the anchor; then the anchor's own signature and validity.
 *
 * @param rootCa - DER of the trust anchor
 * Errors (stage `trust-anchor`): `chain-length-invalid`, `chain-root-untrusted`, `certificate-signature-invalid`,
 * `certificate-not-yet-valid`, `certificate-expired`.
 */
export function judgeTrustAnchor(
  chains: readonly [RoleChain, ...RoleChain[]],
  rootCa: Uint8Array,
  { now, signatures }: ChainContext,
): Failure | null {
  const stage = "trust-anchor";
  // Chains that were read together share the certificate of their root.
  const trusted = new Set<Certificate>();
  for (const { role, name, certificates } of chains) {
    const root = certificates.at(-1);
    if (root === undefined || certificates.length !== chainLength(role)) {
      return lengthFailure(certificates, role, stage, name);
    }
    if (!trusted.has(root) && !equalBytes(root.der, rootCa)) {
      return failure(stage, "chain-root-untrusted", { subject: name });
    }
    trusted.add(root);
  }
  const roots = Array.from(trusted, (root): Link => ({ certificate: root, issuer: root, place: ROOT_PLACE }));
  requireIssuance(roots, stage, signatures);
  return firstFailure(roots, stage, windowChecks(now));
}

/**
 * Judges a CRL: issuer name, signature by that issuer's key, window. The issuer itself must be judged already.
 *
 * @param name - how a failure names the list: `"root CA CRL"`, `"PCK CRL"`
 * Errors: `crl-issuer-mismatch`, `crl-signature-invalid`, `crl-not-yet-valid`, `crl-expired`.
 * Source: RFC 5280, section 6.3.3, for full CRLs signed by the issuer of the certificates they list.
 */
export function judgeCrl(
  crl: Crl,
  issuer: Certificate,
  name: string,
  stage: Stage,
  { now, signatures }: ChainContext,
): Failure | null {
  const { thisUpdate, nextUpdate } = crl;
  if (!equalBytes(crl.issuer, issuer.subject)) return failure(stage, "crl-issuer-mismatch", { subject: name });
  signatures.require(signedBy(crl, issuer), failure(stage, "crl-signature-invalid", { subject: name }));
  if (now < thisUpdate)
    return failure(stage, "crl-not-yet-valid", { subject: name, expected: thisUpdate, actual: now });
  if (now > nextUpdate) return failure(stage, "crl-expired", { subject: name, expected: nextUpdate, actual: now });
  return null;
}

/**
 * Judges everything about a chain but revocation: roles, extensions, keys, issuer names and key identifiers, signatures,
 * validity; each over the whole chain from the root down before the next. The root must be the trust anchor.
 *
 * On its own this is enough to choose what to fetch, and for nothing else.
 * Errors: `chain-length-invalid`, then the chain codes but `certificate-revoked`.
 * Source: RFC 5280, section 6.1, for a path that is given, under the profile of Intel's certificates.
 */
export function judgeIssuance(
  certificates: readonly Certificate[],
  role: ChainRole,
  stage: Stage,
  { now, signatures }: ChainContext,
): Failure | null {
  const links = linksFromRoot(certificates, role);
  if (links === null) return lengthFailure(certificates, role, stage);
  const problem = firstFailure(links, stage, FORM_CHECKS);
  if (problem !== null) return problem;
  requireIssuance(links, stage, signatures);
  return firstFailure(links, stage, windowChecks(now));
}

/**
 * Judges a chain of certificates that the root itself has issued, revocation included.
 *
 * Errors: those of {@link judgeIssuance}, `certificate-revoked`.
 */
export function judgeChain(
  certificates: readonly Certificate[],
  role: Exclude<ChainRole, "pck">,
  stage: Stage,
  context: RevocationContext,
): Failure | null {
  const links = linksFromRoot(certificates, role);
  if (links === null) return lengthFailure(certificates, role, stage);
  return judgeIssuance(certificates, role, stage, context) ?? firstFailure(links, stage, [revokedBy(context.rootCrl)]);
}

/**
 * Judges a PCK chain, revocation included: root and PCK CA by the root CA CRL, then the PCK CRL (the chain it came with,
 * that chain's first certificate byte-equal to the PCK CA of this chain, the list itself), then the leaf by the PCK CRL.
 *
 * Errors: those of {@link judgeIssuance}, `certificate-revoked`, and those of {@link judgeCrl}.
 */
export function judgePckCertificateChain(
  certificates: readonly Certificate[],
  stage: Stage,
  context: PckRevocationContext,
): Failure | null {
  const links = linksFromRoot(certificates, "pck");
  const leaf = links?.at(-1);
  if (links === null || leaf === undefined) return lengthFailure(certificates, "pck", stage);
  const { pckCrl, pckCrlIssuerChain, rootCrl } = context;
  const problem =
    judgeIssuance(certificates, "pck", stage, context) ??
    firstFailure(links.slice(0, -1), stage, [revokedBy(rootCrl)]) ??
    judgeChain(pckCrlIssuerChain, "pck-crl-issuer", stage, context);
  if (problem !== null) return problem;
  const [crlIssuer] = pckCrlIssuerChain;
  if (crlIssuer === undefined || !equalBytes(crlIssuer.der, leaf.issuer.der)) {
    return failure(stage, "crl-issuer-mismatch", { subject: "PCK CRL issuer" });
  }
  return judgeCrl(pckCrl, leaf.issuer, "PCK CRL", stage, context) ?? firstFailure([leaf], stage, [revokedBy(pckCrl)]);
}

function lengthFailure(
  certificates: readonly Certificate[],
  role: ChainRole,
  stage: Stage,
  subject = `${role} chain`,
): Failure {
  return failure(stage, "chain-length-invalid", { subject, expected: chainLength(role), actual: certificates.length });
}
