import { type Failure, type TdxQuote, parseQuote } from "@mero-tee/tdx-quote";
import type { PolicyMismatches } from "@mero-tee/policy";
import { toBase64 } from "@mero-tee/tdx-quote/base64";
import { equalBytes } from "@mero-tee/tdx-quote/equal-bytes";
import { parseHex } from "@mero-tee/tdx-quote/hex";
import { type Result, err, ok } from "@mero-tee/tdx-quote/result";

import type { ReceivedAttestation } from "../answers.ts";
import { isMockQuote } from "../mock-quote.ts";
import { DEFAULT_BINDING, NONCE_BYTES, kmsReportData } from "../report-data.ts";
import type { KmsCallFailure, KmsClient } from "./kms-client.ts";

/** Why a KMS is not believed. The first three codes are about the evidence, the last about what it shows. */
export type KmsAttestationFailure =
  /** A development stand-in instead of a quote. */
  | { readonly code: "kms-quote-mock" }
  /**
   * Report data is not what it must be: the one that the KMS claims (`answer`) or that its quote carries (`quote`) is not
   * nonce and binding, or the quote beside a sealed key is not over this very key and conversation (`release`).
   */
  | { readonly code: "kms-report-data-mismatch"; readonly where: "answer" | "quote" | "release" }
  | { readonly code: "kms-quote-refused"; readonly cause: Failure }
  | { readonly code: "kms-collateral-unavailable"; readonly cause: Failure }
  | { readonly code: "kms-policy-refused"; readonly cause: PolicyMismatches };

/** What the asker put into its question. */
export interface AskedReportData {
  /** 32 random bytes of the asker. */
  readonly nonce: Uint8Array;
  /** 32 bytes. */
  readonly binding: Uint8Array;
}

/** Evidence that answers the question: its quote parses and carries the asker's nonce and binding. Not verified yet. */
export interface KmsEvidence {
  readonly quote: TdxQuote;
  /** 64 bytes: nonce and binding, or what a release commits to. */
  readonly expectedReportData: Uint8Array<ArrayBuffer>;
  /** A claim: plain JSON, undefined where the answer has none. */
  readonly eventLog: unknown;
  /** A claim: plain JSON, undefined where the answer has none. */
  readonly vmConfig: unknown;
}

/** Judges evidence about a KMS; any error means that the node must not talk to it. */
export type KmsVerifier = (evidence: KmsEvidence) => Promise<Result<unknown, KmsAttestationFailure>>;

/** A question and what a KMS answered. */
export interface AnsweredQuestion {
  readonly asked: AskedReportData;
  readonly received: ReceivedAttestation;
}

/**
 * Asks a KMS for evidence with a fresh nonce.
 *
 * @param binding - 32 bytes, sent if given; otherwise the KMS's default is expected
 * Errors: those of the call.
 * Source: docs/protocol.md.
 */
export async function askForEvidence(
  client: KmsClient,
  binding: Uint8Array<ArrayBuffer> | undefined,
): Promise<Result<AnsweredQuestion, KmsCallFailure>> {
  const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  const nonceB64 = toBase64(nonce);
  const message = binding === undefined ? { nonceB64 } : { nonceB64, bindingB64: toBase64(binding) };
  const received = await client.attest(message);
  if (!received.ok) return received;
  return ok({ asked: { nonce, binding: binding ?? DEFAULT_BINDING }, received: received.value });
}

/**
 * Reads the answer of a KMS as evidence for the question asked: first its word about the report data, then the quote's
 * own bytes, in constant time.
 *
 * Errors: `kms-report-data-mismatch`, `kms-quote-mock`, `kms-quote-refused`.
 * Source: docs/protocol.md.
 */
export function readKmsEvidence(
  received: ReceivedAttestation,
  asked: AskedReportData,
): Result<KmsEvidence, KmsAttestationFailure> {
  const expectedReportData = kmsReportData(asked.nonce, asked.binding);
  if (!equalBytes(received.claimedReportData, expectedReportData)) {
    return err({ code: "kms-report-data-mismatch", where: "answer" });
  }
  const quote = readQuoteOver(expectedReportData, received.quote, "quote");
  if (!quote.ok) return quote;
  const { eventLog, vmConfig } = received;
  return ok({ quote: quote.value, expectedReportData, eventLog, vmConfig });
}

/**
 * Reads the quote with which a KMS vouches for a sealed key: it must be over this very key and conversation.
 *
 * Errors: `kms-quote-mock`, `kms-quote-refused`, `kms-report-data-mismatch`.
 * Source: docs/protocol.md.
 */
export function readReleaseEvidence(
  kmsQuote: Uint8Array,
  expectedReportData: Uint8Array<ArrayBuffer>,
): Result<KmsEvidence, KmsAttestationFailure> {
  const quote = readQuoteOver(expectedReportData, kmsQuote, "release");
  return quote.ok ? ok({ quote: quote.value, expectedReportData, eventLog: undefined, vmConfig: undefined }) : quote;
}

function readQuoteOver(
  expectedReportData: Uint8Array,
  bytes: Uint8Array,
  where: "quote" | "release",
): Result<TdxQuote, KmsAttestationFailure> {
  if (isMockQuote(bytes)) return err({ code: "kms-quote-mock" });
  const quote = parseQuote(bytes);
  if (!quote.ok) return err({ code: "kms-quote-refused", cause: quote.error });
  const actual = parseHex(quote.value.report.reportData);
  if (actual === null || !equalBytes(actual, expectedReportData)) {
    return err({ code: "kms-report-data-mismatch", where });
  }
  return quote;
}
