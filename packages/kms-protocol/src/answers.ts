import { parseBase64 } from "@mero-tee/tdx-quote/base64";
import { parseHex } from "@mero-tee/tdx-quote/hex";
import { type JsonValue, isJsonObject, parseStrictJson } from "@mero-tee/tdx-quote/json";
import { type Result, err, ok } from "@mero-tee/tdx-quote/result";

import { type JsonBodyError, readKnownMembers, requiredText } from "./json-body.ts";
import { SEALED_CIPHERTEXT_BYTES, SEALED_ENC_BYTES, type SealedKey } from "./key-wrap.ts";
import { ANSWER_FIELD_LIMITS, type ErrorBody } from "./messages.ts";
import { NONCE_BYTES, REPORT_DATA_BYTES } from "./report-data.ts";
import { SecretBytes } from "./secret-bytes.ts";

/** Why an answer with a 2xx status cannot be used. */
export type AnswerError =
  | { readonly code: "answer-not-json" }
  /** A member is missing, of the wrong type, repeated, or (quote, report data) does not decode. */
  | { readonly code: "answer-shape-invalid"; readonly field: string | null }
  | { readonly code: "answer-field-oversized"; readonly field: keyof typeof ANSWER_FIELD_LIMITS }
  /** The nonce of a challenge is not 32 bytes of base64. */
  | { readonly code: "answer-nonce-invalid" }
  /** The key is not hex of at least 32 bytes. */
  | { readonly code: "answer-key-invalid" };

/** Why an answer to a request for a sealed key cannot be used; `answer-key-not-wrapped`: it holds a plain key. */
export type WrappedAnswerError = AnswerError | { readonly code: "answer-key-not-wrapped" };

/** A sealed key as a node takes it; nothing in it is authenticated. */
export interface ReceivedWrappedKey {
  readonly sealed: SealedKey;
  /** The KMS's quote, raw. */
  readonly kmsQuote: Uint8Array<ArrayBuffer>;
}

/** A challenge as a node takes it. */
export interface ReceivedChallenge {
  /** Repeated as is in the next request. */
  readonly challengeId: string;
  /** 32 bytes. */
  readonly nonce: Uint8Array<ArrayBuffer>;
}

/** Evidence about a KMS as it says it; nothing in it is authenticated. */
export interface ReceivedAttestation {
  /** The raw quote. */
  readonly quote: Uint8Array<ArrayBuffer>;
  /** 64 bytes, the KMS's own word about the quote's report data. */
  readonly claimedReportData: Uint8Array<ArrayBuffer>;
  /** Plain JSON; undefined where the answer has none. */
  readonly eventLog: unknown;
  /** Plain JSON; undefined where the answer has none. */
  readonly vmConfig: unknown;
}

/**
 * Reads the answer of `POST /challenge` with the limits of a node. Nodes do not look at `expiresAt`.
 *
 * Errors: `answer-not-json`, `answer-shape-invalid`, `answer-field-oversized`, `answer-nonce-invalid`.
 * Source: docs/protocol.md.
 */
export function parseChallengeAnswer(body: Uint8Array): Result<ReceivedChallenge, AnswerError> {
  const members = readKnownMembers(body, ["challengeId", "nonceB64"]);
  if (!members.ok) return err(answerError(members.error));
  const challengeId = requiredText(members.value, "challengeId");
  if (!challengeId.ok) return err(answerError(challengeId.error));
  const nonceB64 = requiredText(members.value, "nonceB64");
  if (!nonceB64.ok) return err(answerError(nonceB64.error));
  if (challengeId.value.length > ANSWER_FIELD_LIMITS.challengeId) return err(oversized("challengeId"));
  if (nonceB64.value.length > ANSWER_FIELD_LIMITS.nonceB64) return err(oversized("nonceB64"));
  const nonce = parseBase64(nonceB64.value);
  if (nonce?.length !== NONCE_BYTES) return err({ code: "answer-nonce-invalid" });
  return ok({ challengeId: challengeId.value, nonce });
}

/**
 * Reads the answer of `POST /attest` with the limits of a node. Event log and VM configuration may be missing: nodes do
 * not look at them.
 *
 * Errors: `answer-not-json`, `answer-shape-invalid`, `answer-field-oversized`.
 * Source: docs/protocol.md.
 */
export function parseAttestAnswer(body: Uint8Array): Result<ReceivedAttestation, AnswerError> {
  const members = readKnownMembers(body, ["quoteB64", "reportDataHex", "eventLog", "vmConfig"]);
  if (!members.ok) return err(answerError(members.error));
  const quoteB64 = requiredText(members.value, "quoteB64");
  if (!quoteB64.ok) return err(answerError(quoteB64.error));
  const reportDataHex = requiredText(members.value, "reportDataHex");
  if (!reportDataHex.ok) return err(answerError(reportDataHex.error));
  if (quoteB64.value.length > ANSWER_FIELD_LIMITS.quoteB64) return err(oversized("quoteB64"));
  if (reportDataHex.value.length > ANSWER_FIELD_LIMITS.reportDataHex) return err(oversized("reportDataHex"));
  const quote = parseBase64(quoteB64.value);
  if (quote === null || quote.length === 0) return err({ code: "answer-shape-invalid", field: "quoteB64" });
  const claimedReportData = parseHex(reportDataHex.value, REPORT_DATA_BYTES);
  if (claimedReportData === null) return err({ code: "answer-shape-invalid", field: "reportDataHex" });
  const { value } = members;
  return ok({ quote, claimedReportData, eventLog: value.get("eventLog"), vmConfig: value.get("vmConfig") });
}

/**
 * Reads the answer of `POST /get-key` with the limits of a node: trimmed, not empty, at most 4,096 characters of hex, at
 * least 32 bytes. A KMS of this project always gives exactly 32.
 *
 * @returns the key, to be wiped by whoever takes it
 * Errors: `answer-not-json`, `answer-shape-invalid`, `answer-key-invalid`.
 * Source: docs/protocol.md.
 */
export function parseGetKeyAnswer(body: Uint8Array): Result<SecretBytes, AnswerError> {
  const members = readKnownMembers(body, ["key"]);
  if (!members.ok) return err(answerError(members.error));
  const text = requiredText(members.value, "key");
  if (!text.ok) return err(answerError(text.error));
  const trimmed = text.value.trim();
  const key = trimmed.length > ANSWER_FIELD_LIMITS.key ? null : parseHex(trimmed);
  if (key === null || key.length < 32) return err({ code: "answer-key-invalid" });
  return ok(new SecretBytes(key));
}

/**
 * Reads the answer of `POST /get-key` to a request with a wrap key. One with a `key` is refused whatever else it holds: a
 * node that asked for a sealed key takes no other. Unlike on the plain wire no member may be there twice, known or not.
 *
 * Errors: `answer-not-json`, `answer-shape-invalid`, `answer-field-oversized`, `answer-key-not-wrapped`.
 * Source: docs/protocol.md.
 */
export function parseWrappedKeyAnswer(body: Uint8Array): Result<ReceivedWrappedKey, WrappedAnswerError> {
  const document = parseStrictJson(body);
  if (!document.ok) return err({ code: "answer-not-json" });
  if (!isJsonObject(document.value)) return err({ code: "answer-shape-invalid", field: null });
  if (document.value.has("key")) return err({ code: "answer-key-not-wrapped" });
  const kmsQuoteB64 = document.value.get("kmsQuoteB64");
  if (typeof kmsQuoteB64 !== "string") return err({ code: "answer-shape-invalid", field: "kmsQuoteB64" });
  if (kmsQuoteB64.length > ANSWER_FIELD_LIMITS.kmsQuoteB64) return err(oversized("kmsQuoteB64"));
  const kmsQuote = parseBase64(kmsQuoteB64);
  if (kmsQuote === null || kmsQuote.length === 0) return err({ code: "answer-shape-invalid", field: "kmsQuoteB64" });
  const wrapped = document.value.get("wrapped");
  if (!isJsonObject(wrapped)) return err({ code: "answer-shape-invalid", field: "wrapped" });
  const enc = bytesOf(wrapped.get("encB64"), SEALED_ENC_BYTES);
  if (enc === null) return err({ code: "answer-shape-invalid", field: "encB64" });
  const ciphertext = bytesOf(wrapped.get("ciphertextB64"), SEALED_CIPHERTEXT_BYTES);
  if (ciphertext === null) return err({ code: "answer-shape-invalid", field: "ciphertextB64" });
  return ok({ sealed: { enc, ciphertext }, kmsQuote });
}

function bytesOf(text: JsonValue | undefined, length: number): Uint8Array<ArrayBuffer> | null {
  const bytes = typeof text === "string" ? parseBase64(text) : null;
  return bytes?.length === length ? bytes : null;
}

/**
 * Reads the body of an answer that is not 2xx.
 *
 * @returns null for a body that is not the error JSON of a KMS, e.g. a gateway's page
 * Source: docs/protocol.md.
 */
export function parseErrorBody(body: Uint8Array): ErrorBody | null {
  const members = readKnownMembers(body, ["error", "details"]);
  if (!members.ok) return null;
  const tag = members.value.get("error");
  const details = members.value.get("details") ?? null;
  if (typeof tag !== "string") return null;
  if (details === null) return { error: tag };
  return typeof details === "string" ? { error: tag, details } : null;
}

function oversized(field: keyof typeof ANSWER_FIELD_LIMITS): AnswerError {
  return { code: "answer-field-oversized", field };
}

function answerError(error: JsonBodyError): AnswerError {
  if (error.kind === "not-json") return { code: "answer-not-json" };
  return { code: "answer-shape-invalid", field: error.field };
}
