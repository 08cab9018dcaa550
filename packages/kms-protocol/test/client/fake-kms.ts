import { parseBase64, toBase64 } from "@mero-tee/tdx-quote/base64";
import { equalBytes } from "@mero-tee/tdx-quote/equal-bytes";
import { toHex } from "@mero-tee/tdx-quote/hex";

import {
  type KmsErrorCode,
  decodeAttestRequest,
  kmsErrorAnswer,
  kmsReportData,
  makeMockQuote,
  mockReportData,
  nodeReportData,
  parseAttestRequest,
  parseChallengeRequest,
  parseGetKeyRequest,
  parsePeerId,
  parsePublicKeyProtobuf,
  peerIdFromPublicKey,
  signedPayload,
  verifyPeerSignature,
} from "../../src/index.ts";
import type { PostInit, PostPort } from "../../src/client/index.ts";
import { VECTOR, bytes } from "../wire-vector.ts";

/** The key that the fake KMS gives. */
export const FAKE_KEY = "e72cbfbcdd269f14670d4098b2699bf908173a20429c2edcdae2b1786f2f516f";

/** One request as it arrived. */
export interface Arrived {
  readonly url: string;
  readonly init: PostInit;
}

/** What a test may change: the answer to a path, made from the true one. */
export type Tampering = Readonly<Record<string, (answer: Record<string, unknown>) => Response | Promise<Response>>>;

/**
 * A KMS in memory that checks what nodes send with the parsers of the server's side. It accepts mock quotes only, issues
 * the challenge of the published vector, and gives one fixed key.
 */
export function fakeKms(tampering: Tampering = {}): { readonly fetch: PostPort; readonly arrived: Arrived[] } {
  const arrived: Arrived[] = [];
  const fetch: PostPort = async (url, init) => {
    arrived.push({ url, init });
    const path = new URL(url).pathname.split("/").at(-1) ?? "";
    const answer = await answerTo(path, new TextEncoder().encode(init.body));
    if (typeof answer === "string") return refusal(answer);
    return (await tampering[path]?.(answer)) ?? Response.json(answer);
  };
  return { fetch, arrived };
}

/** The error answer of a KMS. */
export function refusal(code: KmsErrorCode, details?: string): Response {
  const { status, body } = kmsErrorAnswer(code, details);
  return Response.json(body, { status });
}

async function answerTo(path: string, body: Uint8Array): Promise<KmsErrorCode | Record<string, unknown>> {
  if (path === "attest") return attest(body);
  if (path === "challenge") return challenge(body);
  return path === "get-key" ? getKey(body) : "path-unknown";
}

function attest(body: Uint8Array): KmsErrorCode | Record<string, unknown> {
  const request = parseAttestRequest(body);
  if (!request.ok) return request.error.code;
  const asked = decodeAttestRequest(request.value);
  if (!asked.ok) return asked.error.code;
  const reportData = kmsReportData(asked.value.nonce, asked.value.binding);
  const quoteB64 = toBase64(makeMockQuote(reportData));
  return { quoteB64, reportDataHex: toHex(reportData), eventLog: [], vmConfig: "{}" };
}

function challenge(body: Uint8Array): KmsErrorCode | Record<string, unknown> {
  const request = parseChallengeRequest(body);
  if (!request.ok) return request.error.code;
  const peerId = parsePeerId(request.value.peerId);
  if (!peerId.ok) return peerId.error.code;
  return { challengeId: VECTOR.challengeId, nonceB64: VECTOR.nonceB64, expiresAt: 1_767_225_660 };
}

async function getKey(body: Uint8Array): Promise<KmsErrorCode | Record<string, unknown>> {
  const request = parseGetKeyRequest(body);
  if (!request.ok) return request.error.code;
  const { challengeId, peerId: text, quoteB64, peerPublicKeyB64, signatureB64 } = request.value;
  const peerId = parsePeerId(text);
  if (!peerId.ok) return peerId.error.code;
  if (challengeId !== VECTOR.challengeId) return "challenge-unknown";
  const quote = parseBase64(quoteB64);
  const protobuf = parseBase64(peerPublicKeyB64);
  const signature = parseBase64(signatureB64);
  if (quote === null) return "quote-not-base64";
  if (protobuf === null) return "public-key-not-base64";
  if (signature === null) return "signature-not-base64";
  const publicKey = parsePublicKeyProtobuf(protobuf);
  if (!publicKey.ok) return publicKey.error.code;
  if (peerIdFromPublicKey(publicKey.value) !== peerId.value) return "peer-identity-mismatch";
  const nonce = bytes(VECTOR.nonceHex);
  const payload = signedPayload({ challengeId, nonce, quote, peerId: peerId.value });
  if (!(await verifyPeerSignature(publicKey.value, payload, signature))) return "signature-invalid";
  const reportData = mockReportData(quote);
  if (reportData === null) return "quote-malformed";
  return equalBytes(reportData, nodeReportData(nonce, peerId.value)) ? { key: FAKE_KEY } : "quote-peer-mismatch";
}
