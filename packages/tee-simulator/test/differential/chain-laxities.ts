import {
  authorityKeyId,
  hasExtensionTwice,
  hasUnknownCriticalExtension,
  hasWrongKeyUsage,
  isIssuedBy,
  issuesWithoutCaFlag,
  subjectKeyId,
  type CertificateFacts,
} from "./certificate-facts.ts";
import type { ChainFacts, ChainName, Facts } from "./facts.ts";
import { BOTH, type Laxity } from "./laxity.ts";

const CHAIN_LENGTHS: Readonly<Record<ChainName, number>> = { pck: 3, tcbInfo: 2, qeIdentity: 2, pckCrl: 2 };
const CHAINS = ["pck", "tcbInfo", "qeIdentity", "pckCrl"] as const;
const TCB_SIGNING = "Intel SGX TCB Signing";

function everyCertificate({ chains }: Facts): readonly CertificateFacts[] {
  return CHAINS.flatMap((name) => chains[name].certificates);
}

/** Blocks of canonical base64 in lines and white space between them, nothing else. */
function isStrictPem({ pem }: ChainFacts): boolean {
  const block = "-----BEGIN CERTIFICATE-----\r?\n(?:[A-Za-z0-9+/=]+\r?\n)+-----END CERTIFICATE-----";
  if (!new RegExp(`^(?:${block}[ \t\r\n]+)*(?:${block})?[\0 \t\r\n]*$`).test(pem)) return false;
  return [...pem.matchAll(/-----BEGIN CERTIFICATE-----([^-]*)/g)].every(([, body = ""]) => {
    const base64 = body.replaceAll(/[\r\n]/g, "");
    return Buffer.from(base64, "base64").toString("base64") === base64;
  });
}

/** Pairs of a certificate and the one that stands after it. */
function links(facts: Facts): readonly (readonly [CertificateFacts, CertificateFacts])[] {
  return CHAINS.flatMap((name) => {
    const { certificates } = facts.chains[name];
    return certificates.flatMap((certificate, index) => {
      const issuer = certificates[index + 1];
      return issuer === undefined ? [] : [[certificate, issuer] as const];
    });
  });
}

function isRootOutOfWindow({ chains, now }: Facts): boolean {
  const root = chains.tcbInfo.certificates.at(-1)?.x509;
  if (root === undefined || root === null) return false;
  return now * 1000 < Date.parse(root.validFrom) || now * 1000 > Date.parse(root.validTo);
}

/** What the others let pass in certificates and chains. */
export const CHAIN_LAXITIES: readonly Laxity[] = [
  {
    id: "pem-text-tolerated",
    peers: BOTH,
    stage: "collateral-parse",
    codes: ["certificate-malformed"],
    says: "A chain is `CERTIFICATE` blocks of canonical base64 and nothing else; the other picks blocks out of any text",
    source: "RFC 7468, 3 (strict form)",
    applies: ({ chains }) => CHAINS.some((name) => !isStrictPem(chains[name])),
  },
  {
    id: "non-canonical-der-tolerated",
    peers: ["js"],
    stage: "collateral-parse",
    codes: ["certificate-malformed"],
    says: "A certificate is strict DER from end to end; the other reads BER through OpenSSL",
    source: "X.690, 10",
    applies: (facts) =>
      CHAINS.every((name) => isStrictPem(facts.chains[name])) && everyCertificate(facts).some((c) => !c.isCanonical),
  },
  {
    id: "chain-length-free",
    peers: BOTH,
    stage: "trust-anchor",
    codes: ["chain-length-invalid"],
    says: "A chain has exactly the certificates of its role; the other accepts more, or a chain it does not use with fewer",
    source: "PCK Profile",
    applies: ({ chains }) => CHAINS.some((name) => chains[name].certificates.length !== CHAIN_LENGTHS[name]),
  },
  {
    id: "root-window-unread",
    peers: ["wasm"],
    stage: "trust-anchor",
    codes: ["certificate-expired", "certificate-not-yet-valid"],
    says: "The root is judged by its own validity window; the other takes only name and key from it",
    source: "RFC 5280, 4.1.2.5",
    applies: isRootOutOfWindow,
  },
  {
    id: "issuer-name-unread",
    peers: ["js"],
    stage: "pck-chain",
    codes: ["certificate-issuer-mismatch"],
    says: "A certificate names its issuer; the other compares signatures only",
    source: "RFC 5280, 6.1.3",
    applies: (facts) => links(facts).some(([{ x509 }, issuer]) => x509?.issuer !== issuer.x509?.subject),
  },
  {
    id: "key-identifier-unread",
    peers: BOTH,
    stage: "pck-chain",
    codes: ["certificate-issuer-mismatch"],
    says: "The authority key identifier is the issuer's subject key identifier; the other does not compare them",
    source: "RFC 5280, 4.2.1.1",
    applies: (facts) =>
      links(facts).every(([{ x509 }, issuer]) => x509?.issuer === issuer.x509?.subject) &&
      links(facts).some(([certificate, issuer]) => authorityKeyId(certificate) !== subjectKeyId(issuer)),
  },
  {
    id: "ca-flag-unread",
    peers: ["js"],
    stage: "pck-chain",
    codes: ["certificate-extension-invalid"],
    says: "Who issues certificates is a CA by its basic constraints; the other asks that of no issuer",
    source: "RFC 5280, 4.2.1.9",
    applies: ({ chains }) => CHAINS.some((name) => issuesWithoutCaFlag(chains[name].certificates)),
  },
  {
    id: "key-usage-unread",
    peers: BOTH,
    stage: "pck-chain",
    codes: ["certificate-extension-invalid"],
    says: "Key usage is there and lets CAs, and only CAs, sign certificates; the other does not demand it",
    source: "RFC 5280, 4.2.1.3; PCK Profile",
    applies: ({ chains }) => hasWrongKeyUsage(chains.pck.certificates),
  },
  {
    id: "duplicate-extension-tolerated",
    peers: BOTH,
    stage: "pck-chain",
    codes: ["certificate-extension-invalid"],
    says: "No extension comes twice; the other does not count those it does not know (JavaScript: any)",
    source: "RFC 5280, 4.2",
    applies: (facts) => everyCertificate(facts).some(hasExtensionTwice),
  },
  {
    id: "critical-extension-unread",
    peers: ["js"],
    stage: "pck-chain",
    codes: ["certificate-extension-invalid"],
    says: "An unknown critical extension is a refusal; the other does not look at the flag",
    source: "RFC 5280, 4.2",
    applies: (facts) => everyCertificate(facts).some(hasUnknownCriticalExtension),
  },
  {
    id: "other-point-forms",
    peers: ["js"],
    stage: "pck-chain",
    codes: ["certificate-key-unsupported"],
    says: "A key is an uncompressed point; the other also takes compressed and hybrid ones",
    source: "RFC 5480, 2.2; PCK Profile",
    applies: (facts) => everyCertificate(facts).some(({ pointForm }) => pointForm !== 4),
  },
  {
    id: "sgx-extension-partly-read",
    peers: BOTH,
    stage: "pck-chain",
    codes: ["pck-extension-invalid"],
    says: "The SGX extension has all its fields, each once, of the right type and size; the other reads the few that it uses",
    source: "PCK Profile, 1.3.5",
    applies: ({ sgx }) => sgx?.isComplete === false,
  },
  {
    id: "role-unread",
    peers: BOTH,
    stage: "tcb-info",
    codes: ["chain-role-mismatch"],
    says: "Only the TCB signing certificate signs TCB info; the other takes any end entity that the root has issued",
    source: "PCK Profile",
    applies: ({ chains }) => {
      const [leaf, root] = chains.tcbInfo.certificates;
      if (leaf === undefined || root === undefined) return false;
      return isIssuedBy(leaf, root) && leaf.commonName !== TCB_SIGNING;
    },
  },
];
