import { authorityKeyId, extensionProblem, subjectKeyId, type CertificateProfile } from "./certificate-extensions.ts";
import type { Certificate } from "./certificate.ts";
import type { Crl } from "./crl.ts";
import { equalBytes } from "./equal-bytes.ts";
import { failure, type Failure, type FailureCode, type FailureFacts, type Stage } from "./failure.ts";
import type { P256Verifier } from "./p256.ts";
import { isSignedBy } from "./signed-by.ts";
import { verifyCrl } from "./verify-crl.ts";

/** What a chain is for, which fixes its length and the names in it. */
export type ChainRole = "pck" | "tcb-signing" | "pck-crl-issuer";

/** What the certificate in one place of a chain must be. */
interface Place {
  /** How a failure names it. */
  readonly subject: string;
  /** Accepted common names; null for the root, which is compared as a whole. */
  readonly commonNames: readonly string[] | null;
  readonly profile: CertificateProfile;
}

/** Common names of the two CAs that issue PCK certificates. Source: Intel SGX PCK Certificate and CRL Profile. */
export const PCK_CA_COMMON_NAMES = {
  platform: "Intel SGX PCK Platform CA",
  processor: "Intel SGX PCK Processor CA",
} as const;

const PCK_CAS: readonly string[] = Object.values(PCK_CA_COMMON_NAMES);
const ROOT: Place = { subject: "root", commonNames: null, profile: "root" };

/** Leaf first. Without the names a PCK certificate, which every owner of a platform has, could sign TCB info. */
const PLACES: Readonly<Record<ChainRole, readonly Place[]>> = {
  pck: [
    { subject: "PCK leaf", commonNames: ["Intel SGX PCK Certificate"], profile: "end-entity" },
    { subject: "PCK CA", commonNames: PCK_CAS, profile: "ca" },
    ROOT,
  ],
  "tcb-signing": [{ subject: "TCB signing", commonNames: ["Intel SGX TCB Signing"], profile: "end-entity" }, ROOT],
  "pck-crl-issuer": [{ subject: "PCK CRL issuer", commonNames: PCK_CAS, profile: "ca" }, ROOT],
};

/** How many certificates a chain of this role has, root included. */
export function chainLength(role: ChainRole): number {
  return PLACES[role].length;
}

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
  readonly verifier: P256Verifier;
}

/** A context that also knows what the root has revoked. */
export interface RevocationContext extends ChainContext {
  /** The root CA CRL, verified already. */
  readonly rootCrl: Crl;
}

/** A context that also has what may revoke a PCK leaf; neither part is verified yet. */
export interface PckRevocationContext extends RevocationContext {
  readonly pckCrl: Crl;
  /** PCK CA, then root, as delivered with the CRL. */
  readonly pckCrlIssuerChain: readonly Certificate[];
}

/**
 * Starts the signature checks of a chain without awaiting them, so that those of several chains run side by side; the
 * verdict is that of the functions below, which find the checks running.
 */
export function startSignatureChecks(certificates: readonly Certificate[], verifier: P256Verifier): void {
  for (const [index, certificate] of certificates.entries()) {
    void isSignedBy(certificate, certificates[index + 1] ?? certificate, verifier);
  }
}

/**
 * Judges whether chains end where they must: for each chain in the order given the exact length, then the last certificate
 * byte-equal to the anchor; then the anchor's own signature and validity.
 *
 * @param rootCa - DER of the trust anchor
 * Errors (stage `trust-anchor`): `chain-length-invalid`, `chain-root-untrusted`, `certificate-signature-invalid`,
 * `certificate-not-yet-valid`, `certificate-expired`.
 */
export async function verifyTrustAnchor(
  chains: readonly [RoleChain, ...RoleChain[]],
  rootCa: Uint8Array,
  { now, verifier }: ChainContext,
): Promise<Failure | null> {
  const stage = "trust-anchor";
  const roots: Link[] = [];
  for (const { role, name, certificates } of chains) {
    const root = certificates.at(-1);
    if (root === undefined || certificates.length !== chainLength(role)) {
      return lengthFailure(certificates, role, stage, name);
    }
    if (!equalBytes(root.der, rootCa)) return failure(stage, "chain-root-untrusted", { subject: name });
    roots.push({ certificate: root, issuer: root, place: ROOT });
  }
  return (await firstForged(roots, stage, verifier)) ?? firstFailure(roots, stage, windowChecks(now));
}

/**
 * Judges everything about a chain but revocation: roles, extensions, keys, issuer names and key identifiers, signatures,
 * validity; each over the whole chain from the root down before the next. The root must be the trust anchor.
 *
 * On its own this is enough to choose what to fetch, and for nothing else.
 * Errors: `chain-length-invalid`, then the chain codes but `certificate-revoked`.
 * Source: RFC 5280, section 6.1, for a path that is given, under the profile of Intel's certificates.
 */
export async function verifyIssuance(
  certificates: readonly Certificate[],
  role: ChainRole,
  stage: Stage,
  { now, verifier }: ChainContext,
): Promise<Failure | null> {
  const links = linksFromRoot(certificates, role);
  if (links === null) return lengthFailure(certificates, role, stage);
  return (
    firstFailure(links, stage, FORM_CHECKS) ??
    (await firstForged(links, stage, verifier)) ??
    firstFailure(links, stage, windowChecks(now))
  );
}

/**
 * Judges a chain of certificates that the root itself has issued, revocation included.
 *
 * Errors: those of {@link verifyIssuance}, `certificate-revoked`.
 */
export async function verifyChain(
  certificates: readonly Certificate[],
  role: Exclude<ChainRole, "pck">,
  stage: Stage,
  context: RevocationContext,
): Promise<Failure | null> {
  const links = linksFromRoot(certificates, role);
  if (links === null) return lengthFailure(certificates, role, stage);
  return (
    (await verifyIssuance(certificates, role, stage, context)) ??
    firstFailure(links, stage, [revokedBy(context.rootCrl)])
  );
}

/**
 * Judges a PCK chain, revocation included: root and PCK CA by the root CA CRL, then the PCK CRL (the chain it came with,
 * that chain's first certificate byte-equal to the PCK CA of this chain, the list itself), then the leaf by the PCK CRL.
 *
 * Errors: those of {@link verifyIssuance}, `certificate-revoked`, and those of `verifyCrl`.
 */
export async function verifyPckCertificateChain(
  certificates: readonly Certificate[],
  stage: Stage,
  context: PckRevocationContext,
): Promise<Failure | null> {
  const links = linksFromRoot(certificates, "pck");
  const leaf = links?.at(-1);
  if (links === null || leaf === undefined) return lengthFailure(certificates, "pck", stage);
  const { pckCrl, pckCrlIssuerChain, rootCrl } = context;
  const problem =
    (await verifyIssuance(certificates, "pck", stage, context)) ??
    firstFailure(links.slice(0, -1), stage, [revokedBy(rootCrl)]) ??
    (await verifyChain(pckCrlIssuerChain, "pck-crl-issuer", stage, context));
  if (problem !== null) return problem;
  const [crlIssuer] = pckCrlIssuerChain;
  if (crlIssuer === undefined || !equalBytes(crlIssuer.der, leaf.issuer.der)) {
    return failure(stage, "crl-issuer-mismatch", { subject: "PCK CRL issuer" });
  }
  return (
    (await verifyCrl(pckCrl, leaf.issuer, "PCK CRL", stage, context)) ??
    firstFailure([leaf], stage, [revokedBy(pckCrl)])
  );
}

/** A certificate in its place, beside the one that must have issued it; the root has issued itself. */
interface Link {
  readonly certificate: Certificate;
  readonly issuer: Certificate;
  readonly place: Place;
}

/** Root first; null when the length is not that of the role. */
function linksFromRoot(certificates: readonly Certificate[], role: ChainRole): readonly Link[] | null {
  const links = certificates.flatMap((certificate, index) => {
    const place = PLACES[role][index];
    return place === undefined ? [] : [{ certificate, issuer: certificates[index + 1] ?? certificate, place }];
  });
  return certificates.length === chainLength(role) ? links.toReversed() : null;
}

/** A code and the facts that call for it; null when a link is in order. */
type Check = readonly [code: FailureCode, judge: (link: Link) => FailureFacts | null];

const FORM_CHECKS: readonly Check[] = [
  [
    "chain-role-mismatch",
    ({ certificate: { subjectCommonName }, place: { commonNames } }) =>
      commonNames === null || (subjectCommonName !== null && commonNames.includes(subjectCommonName))
        ? null
        : { expected: commonNames.join(" or "), actual: subjectCommonName ?? "no common name" },
  ],
  [
    "certificate-extension-invalid",
    ({ certificate, place }) => {
      const reason = extensionProblem(certificate, place.profile);
      return reason === null ? null : { reason };
    },
  ],
  ["certificate-key-unsupported", ({ certificate }) => (certificate.publicKey === null ? {} : null)],
  [
    "certificate-issuer-mismatch",
    ({ certificate, issuer }) => {
      if (!equalBytes(certificate.issuer, issuer.subject)) return { reason: "issuer name" };
      const named = authorityKeyId(certificate);
      const actual = subjectKeyId(issuer);
      return named === null || (actual !== null && equalBytes(named, actual)) ? null : { reason: "key identifier" };
    },
  ],
];

function windowChecks(now: number): readonly Check[] {
  return [
    [
      "certificate-not-yet-valid",
      ({ certificate: { notBefore } }) => (now < notBefore ? { expected: notBefore, actual: now } : null),
    ],
    [
      "certificate-expired",
      ({ certificate: { notAfter } }) => (now > notAfter ? { expected: notAfter, actual: now } : null),
    ],
  ];
}

function revokedBy(crl: Crl): Check {
  return ["certificate-revoked", ({ certificate }) => (crl.revokes(certificate.serialHex) ? {} : null)];
}

/** The first failure in the order of the checks, and within a check in the order of the links. */
function firstFailure(links: readonly Link[], stage: Stage, checks: readonly Check[]): Failure | null {
  for (const [code, judge] of checks) {
    for (const link of links) {
      const facts = judge(link);
      if (facts !== null) return failure(stage, code, { subject: link.place.subject, ...facts });
    }
  }
  return null;
}

/** The first link whose certificate its issuer has not signed; all are verified side by side. */
async function firstForged(links: readonly Link[], stage: Stage, verifier: P256Verifier): Promise<Failure | null> {
  const checks = links.map(({ certificate, issuer }) => isSignedBy(certificate, issuer, verifier));
  for (const [index, { place }] of links.entries()) {
    if ((await checks[index]) !== true) {
      return failure(stage, "certificate-signature-invalid", { subject: place.subject });
    }
  }
  return null;
}

function lengthFailure(
  certificates: readonly Certificate[],
  role: ChainRole,
  stage: Stage,
  subject = `${role} chain`,
): Failure {
  return failure(stage, "chain-length-invalid", { subject, expected: chainLength(role), actual: certificates.length });
}
