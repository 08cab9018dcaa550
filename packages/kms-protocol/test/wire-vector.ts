import { parseHex } from "@mero-tee/tdx-quote/hex";

import { makeMockQuote, nodeReportData, parsePeerId } from "../src/index.ts";
import { type PeerIdentity, identityFromSeed } from "../src/client/index.ts";

/**
 * The published vector of the signed payload, verified by its authors with a pure RFC 8032 implementation, Node's crypto
 * and the openssl command line.
 */
export const VECTOR = {
  seedHex: "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
  publicKeyHex: "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8",
  protobufHex: "0801122003a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8",
  peerPublicKeyB64: "CAESIAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
  peerId: "12D3KooWA4Xop1JaT3MHxwYMkCepYsv4iPVopMXwCz5iHYdBfeSB",
  peerIdHashHex: "b1049d6b17b1dac7b6ce1fbe07dc7a7863a45ee5a7bcb06f1c6bcfb626174582",
  challengeId: "00112233445566778899aabbccddeeff",
  nonceHex: "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f",
  nonceB64: "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=",
  quoteHashHex: "ef8800e74a052de77cdbe2171ddf9c8aa7022cedfcf286395418c4589acfcbaa",
  payload:
    '{"challengeId":"00112233445566778899aabbccddeeff","challengeNonceHex":"202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f","quoteHashHex":"ef8800e74a052de77cdbe2171ddf9c8aa7022cedfcf286395418c4589acfcbaa","peerId":"12D3KooWA4Xop1JaT3MHxwYMkCepYsv4iPVopMXwCz5iHYdBfeSB"}',
  payloadHashHex: "e3a22964ff625c9308d31c8f31fc2e8d09f27d7f55374ee23026d0d6481a3061",
  signatureHex:
    "20eafc4a571290a51063875435ebdd74ff4bd1b1adc27bc9e69942076565e795ec0107f25146e5062da2aec513ca20b36eab48ae7b26b4a6592fcfc14adbd409",
  signatureB64: "IOr8SlcSkKUQY4dUNevddP9L0bGtwnvJ5plCB2Vl55XsAQfyUUblBi2irsUTyiCzbqtIrnsmtKZZL8/BStvUCQ==",
} as const;

/** Bytes of hex that a test is sure of. */
export function bytes(hex: string): Uint8Array<ArrayBuffer> {
  const decoded = parseHex(hex);
  if (decoded === null) throw new Error(`not hex: ${hex}`);
  return decoded;
}

/** The value of a result that a test is sure of. */
export function unwrap<T>(
  result: { readonly ok: true; readonly value: T } | { readonly ok: false; error: unknown },
): T {
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

/** The mock quote of the vector. */
export function vectorQuote(): Uint8Array<ArrayBuffer> {
  return makeMockQuote(nodeReportData(bytes(VECTOR.nonceHex), unwrap(parsePeerId(VECTOR.peerId))));
}

/** The identity of the vector. */
export async function vectorIdentity(): Promise<PeerIdentity> {
  return unwrap(await identityFromSeed(bytes(VECTOR.seedHex)));
}
