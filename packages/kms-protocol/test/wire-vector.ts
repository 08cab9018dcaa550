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

/**
 * The published vector of key wrapping, over ids, nonce and identity of {@link VECTOR}; checked by its authors with two
 * HPKE implementations and by hand. The storage key is that of the derivation vector.
 */
export const WRAP_VECTOR = {
  nodeKeyIkmHex: "404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f",
  nodePrivateKeyHex: "5f661a2f70e4407ce264c6ec792b13faf122b0731108afe887d2a7994387d421",
  wrapKeyHex: "b259f6ee92dcba0111850b13b3f6dccc827726f9b08235ab62922b6b3f3f2a19",
  wrapKeyB64: "sln27pLcugERhQsTs/bczIJ3JvmwgjWrYpIraz8/Khk=",
  bindingHex: "6d65726f2d6b6d732d777261702d7631edc3096d3574d52d20b03674fa62a2fb",
  quoteHashHex: "fd536b4df9ae0227c15902ab26e2e43e43b41c479c06a7084f2790f53fc8654d",
  payloadHashHex: "2b85d324a550b2f94854dac7ab459cc70845a318990669fe278064f82e740203",
  signatureHex:
    "d795456e9c92f789b79beca1e1c55ea4c0dc9a04128ae613305afa45fbb0013096060f47b2f2d2d7a072f3bac9b33cbfc28f1df440f573017c9e39ab8df70209",
  transcriptHex: "ac67e2629f892bbeb0c46fd51ee6e57986ef78f4c582df58f160eba85335ef40",
  ephemeralIkmHex: "606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f",
  encHex: "bad762e098446cbcc58b30c7e804f82847b8b911185996582af9f27bfd4e875f",
  ciphertextHex: "948732787eeb734642fd0f03506af69fb3b02ff5868e6631697912d6e0143cadd08f6d59d4d4ef0b82a12f091ad1ebb3",
  releaseHashHex: "fde845a3897a76e134bca8e07ee1b74296b3bd0b5f248f873ff609ad8f80783e",
  keyHex: "e72cbfbcdd269f14670d4098b2699bf908173a20429c2edcdae2b1786f2f516f",
} as const;
