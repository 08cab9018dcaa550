import { sha256 } from "@noble/hashes/sha2.js";
import type { Certificate } from "@mero-tee/tdx-quote";
import { toHex } from "@mero-tee/tdx-quote/hex";

import type { ChainCertificate } from "./report.ts";

/** What the certificates of a chain say about themselves, for views that draw them. */
export function chainFacts(certificates: readonly Certificate[]): readonly ChainCertificate[] {
  return certificates.map(({ der, subjectCommonName, issuerCommonName, serialHex, notBefore, notAfter }) => ({
    subject: subjectCommonName ?? "",
    issuer: issuerCommonName ?? "",
    serial: serialHex,
    notBefore,
    notAfter,
    sha256: toHex(sha256(der)),
  }));
}
