import { isSignedBy, type CertificateFacts } from "./certificate-facts.ts";
import { isCanonicalDocument, tlvAt, tlvsIn } from "./tlv.ts";
import { X509Crl } from "./x509.ts";

/** What is wrong with a revocation list, by another parser and by OpenSSL. */
export interface CrlFlaws {
  /** Not one canonical encoding of a full list with an end, or with a critical extension that nobody knows. */
  readonly isMalformed: boolean;
  /** Named or signed by somebody else than it should be. */
  readonly isForged: boolean;
  readonly isTooEarly: boolean;
  readonly isExpired: boolean;
  /** Unix seconds; NaN where there is none. */
  readonly nextUpdate: number;
  /** Serials, decimal. */
  readonly serials: ReadonlySet<string>;
}

const UNREADABLE: CrlFlaws = {
  isMalformed: true,
  isForged: false,
  isTooEarly: false,
  isExpired: false,
  nextUpdate: Number.NaN,
  serials: new Set(),
};

/** Delta, issuing distribution point, certificate issuer: a list that is not the full list of its signer. */
const OTHER_SCOPES: ReadonlySet<string> = new Set(["2.5.29.27", "2.5.29.28", "2.5.29.29"]);

interface Listed {
  readonly type: string;
  readonly critical: boolean;
}

function isStrange({ type, critical }: Listed): boolean {
  return OTHER_SCOPES.has(type) || (critical && !type.startsWith("2.5.29."));
}

/** The parts of a name, whatever order a library writes them in. */
function nameParts(name: string): string {
  return name.split(/, |\n/).toSorted().join();
}

function isSignedByIssuer(der: Uint8Array, signature: Uint8Array, issuer: CertificateFacts): boolean {
  const document = tlvAt(der, 0);
  const [tbs] = document === null ? [] : (tlvsIn(der, document) ?? []);
  return tbs !== undefined && isSignedBy(der.subarray(tbs.start, tbs.end), signature, issuer);
}

/**
 * Looks for everything that may be wrong with a list.
 *
 * @param issuer - who must have issued it
 * @param now - Unix seconds
 */
export function findCrlFlaws(der: Uint8Array, issuer: CertificateFacts | undefined, now: number): CrlFlaws {
  try {
    const crl = new X509Crl(der);
    const nextUpdate = crl.nextUpdate === undefined ? Number.NaN : crl.nextUpdate.getTime() / 1000;
    const strange = [crl.extensions, ...crl.entries.map((entry) => entry.extensions)].flat().some(isStrange);
    const isTheirs =
      issuer?.x509 !== undefined &&
      issuer.x509 !== null &&
      nameParts(crl.issuer) === nameParts(issuer.x509.subject) &&
      isSignedByIssuer(der, new Uint8Array(crl.signature), issuer);
    return {
      isMalformed: !isCanonicalDocument(der) || Number.isNaN(nextUpdate) || strange,
      isForged: !isTheirs,
      isTooEarly: now < crl.thisUpdate.getTime() / 1000,
      isExpired: now > nextUpdate,
      nextUpdate,
      serials: new Set(crl.entries.map(({ serialNumber }) => BigInt(`0x${serialNumber}`).toString())),
    };
  } catch {
    // Whatever the library cannot read is malformed; why does not matter.
    return UNREADABLE;
  }
}
