import { createBoundedCache } from "./bounded-cache.ts";
import { equalBytes } from "./equal-bytes.ts";
import { toHex } from "./hex.ts";
import type { TdxQuote } from "./quote.ts";

/** Quotes whose QE report was judged good, by every byte that was judged. */
export interface AttestationKeyMemory {
  /** Whether this PCK key was seen to vouch, through this QE report, for the quote's attestation key. */
  readonly knows: (quote: TdxQuote, pckKey: Uint8Array) => boolean;
  readonly keep: (quote: TdxQuote, pckKey: Uint8Array) => void;
}

/** Real ones have 32. With a longer one the signature is checked again, and no entry is ever large. */
const REMEMBERED_AUTHENTICATION_DATA_BYTES = 64;

/** Where an entry is looked for; a signature is as good as random. */
const ID_BYTES = 8;

function idOf(quote: TdxQuote): string {
  return toHex(quote.qeReportSignature.subarray(0, ID_BYTES));
}

/** All parts but the last have one length each, so two lists of parts never make the same bytes. */
function bytesOf(quote: TdxQuote, pckKey: Uint8Array): Uint8Array {
  const parts = [
    pckKey,
    quote.qeReportSignature,
    quote.qeReportBytes,
    quote.attestationKey,
    quote.qeAuthenticationData,
  ];
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/**
 * Makes an empty memory. A quoting enclave has its report signed once for each attestation key and puts the same bytes into
 * every quote, so a platform that was seen before costs one signature check in place of two. What is remembered holds for ever: it
 * says nothing about the PCK key, whose chain and validity are judged each time.
 *
 * Source: Intel SGX DCAP, Quote Generation Library: the certified attestation key is kept with its QE report and signature.
 */
export function createAttestationKeyMemory(limit: number): AttestationKeyMemory {
  const judged = createBoundedCache<Uint8Array>(limit);

  return {
    knows(quote, pckKey) {
      const known = judged.get(idOf(quote));
      return known !== undefined && equalBytes(known, bytesOf(quote, pckKey));
    },
    keep(quote, pckKey) {
      if (quote.qeAuthenticationData.length > REMEMBERED_AUTHENTICATION_DATA_BYTES) return;
      judged.set(idOf(quote), bytesOf(quote, pckKey));
    },
  };
}
