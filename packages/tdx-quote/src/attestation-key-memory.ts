import { createBoundedCache } from "./bounded-cache.ts";
import { equalBytes } from "./equal-bytes.ts";
import { toHex } from "./hex.ts";
import type { TdxQuote } from "./quote.ts";

/** Quotes whose QE report was judged good, by every byte that was judged. */
export interface AttestationKeyMemory {
  /** Whether this PCK key was seen to vouch, through this QE report, for the quote's attestation key. */
  readonly knows: (quote: TdxQuote, pckKey: Uint8Array) => boolean;
  /** Copies what is judged now, and gives the action that remembers it: see `RequiredSignatures.onceGood`. */
  readonly keeping: (quote: TdxQuote, pckKey: Uint8Array) => () => void;
}

/** Real ones have 32. With a longer one the signature is checked again, and no entry is ever large. */
const REMEMBERED_AUTHENTICATION_DATA_BYTES = 64;

/** Where an entry is looked for; a signature is as good as random. */
const ID_BYTES = 8;

function idOf(quote: TdxQuote): string {
  return toHex(quote.qeReportSignature.subarray(0, ID_BYTES));
}

/** Everything that a judgement stood on, in copies (not by `slice`, which does not copy a Buffer): the quote's own parts are views of all of it. */
interface Judged {
  readonly pckKey: Uint8Array;
  readonly signature: Uint8Array;
  readonly report: Uint8Array;
  readonly attestationKey: Uint8Array;
  readonly authenticationData: Uint8Array;
}

/**
 * Makes an empty memory. A quoting enclave has its report signed once for each attestation key and puts the same bytes into
 * every quote, so a platform that was seen before costs one signature check in place of two. What is remembered holds for ever: it
 * says nothing about the PCK key, whose chain and validity are judged each time.
 *
 * Source: Intel SGX DCAP, Quote Generation Library: the certified attestation key is kept with its QE report and signature.
 */
export function createAttestationKeyMemory(limit: number): AttestationKeyMemory {
  const memory = createBoundedCache<Judged>(limit);

  return {
    knows(quote, pckKey) {
      const known = memory.get(idOf(quote));
      return (
        known !== undefined &&
        equalBytes(known.pckKey, pckKey) &&
        equalBytes(known.signature, quote.qeReportSignature) &&
        equalBytes(known.report, quote.qeReportBytes) &&
        equalBytes(known.attestationKey, quote.attestationKey) &&
        equalBytes(known.authenticationData, quote.qeAuthenticationData)
      );
    },
    keeping(quote, pckKey) {
      if (quote.qeAuthenticationData.length > REMEMBERED_AUTHENTICATION_DATA_BYTES) return () => undefined;
      const id = idOf(quote);
      const judged: Judged = {
        pckKey: new Uint8Array(pckKey),
        signature: new Uint8Array(quote.qeReportSignature),
        report: new Uint8Array(quote.qeReportBytes),
        attestationKey: new Uint8Array(quote.attestationKey),
        authenticationData: new Uint8Array(quote.qeAuthenticationData),
      };
      return () => memory.set(id, judged);
    },
  };
}
