import { parseCollateral, type Collateral } from "../src/collateral-bundle.ts";
import { readVector, readVectorText } from "./real-vectors.ts";

/** Real evidence that verifies, with the time at which it does. */
export interface Evidence {
  readonly quote: Uint8Array;
  readonly bundle: Readonly<Record<string, string>>;
  readonly now: number;
}

export function unix(text: string): number {
  return Date.parse(text) / 1000;
}

function loadEvidence(quote: string, collateral: string, now: string): Evidence {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- data that comes with the vectors
  const bundle = JSON.parse(readVectorText(`collateral/${collateral}.json`)) as Record<string, string>;
  return { quote: readVector(`quotes/${quote}.bin`), bundle, now: unix(now) };
}

/** TCB info ends 2026-03-03T14:49:26Z and begins 2026-02-01T14:49:26Z; QE identity begins 2026-02-18T10:42:15Z. */
export const v5 = (): Evidence =>
  loadEvidence("go-tdx-guest-v5", "go-tdx-guest-90c06f-2026-02", "2026-02-25T00:00:00Z");

/** The PCK CRL ends first, 2025-07-19T10:00:35Z. */
export const v4 = (): Evidence => loadEvidence("dcap-qvl-tdx-v4", "dcap-qvl-b0c06f-2025-06", "2025-06-25T00:00:00Z");

/** QE identity ends first, 2025-07-04T09:40:18Z; the PCK CRL begins last, 2025-06-19T10:00:35Z. */
export const padded = (): Evidence =>
  loadEvidence("go-tdx-guest-cos113-v4", "automata-00806f05-2025-06", "2025-06-25T00:00:00Z");

/** The collateral of evidence, parsed. */
export function collateralOf({ bundle }: Evidence): Collateral {
  const parsed = parseCollateral(JSON.stringify(bundle));
  if (!parsed.ok) throw new Error(parsed.error.code);
  return parsed.value;
}

/** Where things stand in a quote whose QE authentication data has 32 bytes. */
export interface Layout {
  readonly signature: number;
  readonly attestationKey: number;
  readonly qeReport: number;
  readonly qeReportSignature: number;
  readonly authentication: number;
  readonly innerType: number;
  readonly inner: number;
}

export function layoutOf(quote: Uint8Array): Layout {
  const section = (quote[0] === 5 ? 48 + 6 + 648 : 48 + 584) + 4;
  const outer = section + 134;
  return {
    signature: section,
    attestationKey: section + 64,
    qeReport: outer,
    qeReportSignature: outer + 384,
    authentication: outer + 450,
    innerType: outer + 450 + 32,
    inner: outer + 450 + 32 + 6,
  };
}

/** A copy with one bit flipped. */
export function flipped(bytes: Uint8Array, offset: number, bit = 0): Uint8Array {
  const copy = new Uint8Array(bytes);
  copy[offset] = (copy[offset] ?? 0) ^ (1 << bit);
  return copy;
}

/** A copy with other bytes at `offset`. */
export function patched(bytes: Uint8Array, offset: number, patch: Uint8Array): Uint8Array {
  const copy = new Uint8Array(bytes);
  copy.set(patch, offset);
  return copy;
}

/** A copy with another inner certification data and the three lengths that follow from it; none of that is signed. */
export function withCertificationData(quote: Uint8Array, type: number, inner: Uint8Array): Uint8Array {
  const { signature, inner: at } = layoutOf(quote);
  const result = new Uint8Array(at + inner.length);
  result.set(quote.subarray(0, at));
  result.set(inner, at);
  const view = new DataView(result.buffer);
  view.setUint16(at - 6, type, true);
  view.setUint32(at - 4, inner.length, true);
  view.setUint32(signature + 130, result.length - signature - 134, true);
  view.setUint32(signature - 4, result.length - signature, true);
  return result;
}

/** The PEM chain that a quote carries, without what follows its last block. */
export function pemOf(quote: Uint8Array): string {
  const text = Buffer.from(quote.subarray(layoutOf(quote).inner)).toString("latin1");
  const end = "-----END CERTIFICATE-----";
  return `${text.slice(0, text.lastIndexOf(end))}${end}\n`;
}

/** The blocks of a PEM chain. */
export function blocksOf(pem: string): readonly string[] {
  return pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----\n/g) ?? [];
}

/** A PEM block with one bit of its DER flipped, counted from the end of the DER for a negative offset. */
export function flippedPem(block: string, offset: number): string {
  const base64 = block.replaceAll(/-----[A-Z ]+-----|\n/g, "");
  const der = new Uint8Array(Buffer.from(base64, "base64"));
  const forged = Buffer.from(flipped(der, offset < 0 ? der.length + offset : offset)).toString("base64");
  return `-----BEGIN CERTIFICATE-----\n${forged}\n-----END CERTIFICATE-----\n`;
}

/** Hex with the lowest bit of its last byte flipped. */
export function flippedHex(hex: string): string {
  return `${hex.slice(0, -1)}${(Number.parseInt(hex.slice(-1), 16) ^ 1).toString(16)}`;
}

/** Evidence with other texts in its collateral. */
export function withBundle(evidence: Evidence, changes: Readonly<Record<string, string>>): Evidence {
  return { ...evidence, bundle: { ...evidence.bundle, ...changes } };
}

/** Evidence with another PCK chain in its quote. */
export function withPem(evidence: Evidence, pem: string): Evidence {
  return { ...evidence, quote: withCertificationData(evidence.quote, 5, Buffer.from(pem)) };
}

export function textOf({ bundle }: Evidence, key: string): string {
  return bundle[key] ?? "";
}

/** Intel's root with a wrong signature in place of Intel's root, everywhere; used as the anchor. */
export function withForgedRoot(evidence: Evidence): { evidence: Evidence; rootCa: Uint8Array } {
  const root = blocksOf(pemOf(evidence.quote))[2] ?? "";
  const forged = flippedPem(root, -1);
  const replaced = (pem: string) => [...blocksOf(pem).slice(0, -1), forged].join("");
  const chains = ["tcb_info_issuer_chain", "qe_identity_issuer_chain", "pck_crl_issuer_chain"];
  const bundle = Object.fromEntries(chains.map((key) => [key, replaced(textOf(evidence, key))]));
  const rootCa = new Uint8Array(Buffer.from(forged.replaceAll(/-----[A-Z ]+-----|\n/g, ""), "base64"));
  return { evidence: withBundle(withPem(evidence, replaced(pemOf(evidence.quote))), bundle), rootCa };
}
