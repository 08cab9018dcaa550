import { equalBytes } from "./equal-bytes.ts";
import { trustAnchorOf, type TrustAnchor } from "./intel-root-ca.ts";
import {
  createP256Verifier,
  settleP256Check,
  type P256Check,
  type P256KeyImporter,
  type P256Verifier,
} from "./p256.ts";
import { parsePemCertificates, toPem, type KnownCertificates } from "./pem.ts";

/**
 * What of a trust anchor depends on nothing but its bytes: the certificate, its key, and whether it has signed itself. That is
 * asked for by every verification, and is neither quote nor collateral. Validity and revocation are judged anew each time.
 */
export interface PreparedAnchor {
  /** A copy of what was given. */
  readonly der: Uint8Array;
  readonly trustAnchor: TrustAnchor;
  /** The anchor as chains spell it, for the certificates of one verification. */
  readonly certificates: () => KnownCertificates;
  /** A verifier that need not ask for the anchor's own signature again. */
  readonly createVerifier: (importKey?: P256KeyImporter) => P256Verifier;
}

/** One: a process judges under one root. */
let latest: PreparedAnchor | null = null;

function prepare(der: Uint8Array): PreparedAnchor {
  const certificates: KnownCertificates = new Map();
  const parsed = parsePemCertificates(toPem(der), certificates);
  // An anchor that is no certificate, or has no key, ends no chain: the chains are refused, and say why.
  const settled = (parsed.ok ? parsed.value : []).flatMap(({ publicKey, signature, tbs }): readonly P256Check[] =>
    publicKey === null ? [] : [settleP256Check(publicKey, signature, tbs)],
  );
  return {
    der,
    trustAnchor: trustAnchorOf(der),
    certificates: () => new Map(certificates),
    createVerifier: (importKey) => createP256Verifier(importKey, settled),
  };
}

/**
 * Prepares a trust anchor, or finds it prepared: the one used last is remembered, by all of its bytes.
 *
 * @param rootCa - DER; copied
 */
export function prepareAnchor(rootCa: Uint8Array): PreparedAnchor {
  if (latest !== null && equalBytes(latest.der, rootCa)) return latest;
  latest = prepare(new Uint8Array(rootCa));
  return latest;
}
