import type { Certificate, Crl, Failure } from "@mero-tee/tdx-quote";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";
import { bytesToHex } from "@noble/hashes/utils.js";
import { parseInBundle } from "../../fuzz/targets/bundle.ts";
import { encodePem } from "../../src/pem.ts";

/** What this project makes of bytes: its reading, or why they are none. */
export interface OurReader {
  readonly certificate: (der: Uint8Array) => Result<Certificate, string>;
  readonly crl: (der: Uint8Array) => Result<Crl, string>;
}

function reasonOf({ code, facts }: Failure): string {
  return facts.reason ?? code;
}

/** Reads DER as this project does wherever evidence carries it: by way of a bundle that is healthy but for that. */
export const OUR_READER: OurReader = {
  certificate(der) {
    const parsed = parseInBundle({ pck_crl_issuer_chain: encodePem("CERTIFICATE", der) });
    if (!parsed.ok) return err(reasonOf(parsed.error));
    const [certificate] = parsed.value.pckCrlIssuerChain;
    return certificate === undefined ? err("no certificate") : ok(certificate);
  },
  crl(der) {
    const parsed = parseInBundle({ pck_crl: bytesToHex(der) });
    return parsed.ok ? ok(parsed.value.pckCrl) : err(reasonOf(parsed.error));
  },
};
