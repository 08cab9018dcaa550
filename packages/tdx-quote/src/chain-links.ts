import { authorityKeyId, extensionProblem, subjectKeyId, type CertificateProfile } from "./certificate-extensions.ts";
import type { Certificate } from "./certificate.ts";
import type { Crl } from "./crl.ts";
import { equalBytes } from "./equal-bytes.ts";
import { failure, type Failure, type FailureCode, type FailureFacts, type Stage } from "./failure.ts";
import type { RequiredSignatures } from "./required-signatures.ts";
import { signedBy } from "./signature-checks.ts";

/** What a chain is for, which fixes its length and the names in it. */
export type ChainRole = "pck" | "tcb-signing" | "pck-crl-issuer";

/** What the certificate in one place of a chain must be. */
export interface Place {
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
/** The place of the trust anchor in every chain. */
export const ROOT_PLACE: Place = { subject: "root", commonNames: null, profile: "root" };

/** Leaf first. Without the names a PCK certificate, which every owner of a platform has, could sign TCB info. */
const PLACES: Readonly<Record<ChainRole, readonly Place[]>> = {
  pck: [
    { subject: "PCK leaf", commonNames: ["Intel SGX PCK Certificate"], profile: "end-entity" },
    { subject: "PCK CA", commonNames: PCK_CAS, profile: "ca" },
    ROOT_PLACE,
  ],
  "tcb-signing": [
    { subject: "TCB signing", commonNames: ["Intel SGX TCB Signing"], profile: "end-entity" },
    ROOT_PLACE,
  ],
  "pck-crl-issuer": [{ subject: "PCK CRL issuer", commonNames: PCK_CAS, profile: "ca" }, ROOT_PLACE],
};

/** How many certificates a chain of this role has, root included. */
export function chainLength(role: ChainRole): number {
  return PLACES[role].length;
}

/** A certificate in its place, beside the one that must have issued it; the root has issued itself. */
export interface Link {
  readonly certificate: Certificate;
  readonly issuer: Certificate;
  readonly place: Place;
}

/** Root first; null when the length is not that of the role. */
export function linksFromRoot(certificates: readonly Certificate[], role: ChainRole): readonly Link[] | null {
  const links = certificates.flatMap((certificate, index) => {
    const place = PLACES[role][index];
    return place === undefined ? [] : [{ certificate, issuer: certificates[index + 1] ?? certificate, place }];
  });
  return certificates.length === chainLength(role) ? links.toReversed() : null;
}

/** A code and the facts that call for it; null when a link is in order. */
export type Check = readonly [code: FailureCode, judge: (link: Link) => FailureFacts | null];

/** What a certificate says, before any signature: role, extensions, key, and who should have issued it. */
export const FORM_CHECKS: readonly Check[] = [
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

/** First and last second are inside the window. `now` in Unix seconds. */
export function windowChecks(now: number): readonly Check[] {
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

/** Whether a list names the certificate; the list must be its issuer's, and judged. */
export function revokedBy(crl: Crl): Check {
  return ["certificate-revoked", ({ certificate }) => (crl.revokes(certificate.serialHex) ? {} : null)];
}

/** The first failure in the order of the checks, and within a check in the order of the links. */
export function firstFailure(links: readonly Link[], stage: Stage, checks: readonly Check[]): Failure | null {
  for (const [code, judge] of checks) {
    for (const link of links) {
      const facts = judge(link);
      if (facts !== null) return failure(stage, code, { subject: link.place.subject, ...facts });
    }
  }
  return null;
}

/** Requires that each certificate was signed by its issuer. */
export function requireIssuance(links: readonly Link[], stage: Stage, signatures: RequiredSignatures): void {
  for (const { certificate, issuer, place } of links) {
    const problem = failure(stage, "certificate-signature-invalid", { subject: place.subject });
    signatures.require(signedBy(certificate, issuer), problem);
  }
}
