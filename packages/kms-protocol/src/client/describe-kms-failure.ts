import { describePolicyError, quoteForeignText } from "@mero-tee/policy";
import { describeFailure } from "@mero-tee/tdx-quote";

import type { KeyLengthFailure, KeyUnwrapFailure, QuoteProviderFailure } from "./fetch-storage-key.ts";
import type { IdentityError } from "./identity.ts";
import type { WrappedCallFailure } from "./kms-client.ts";
import type { KmsAttestationFailure } from "./kms-evidence.ts";
import type { KmsUrlError } from "./kms-url.ts";

/** Longest piece of a foreign explanation in a sentence, in UTF-16 units. */
const DETAILS_LENGTH = 200;

/** Every failure code of a node's side of the conversation; closed and documented. */
export const KMS_CLIENT_FAILURE_CODES = [
  "kms-url-invalid",
  "identity-malformed",
  "kms-unreachable",
  "kms-timeout",
  "kms-answer-too-large",
  "kms-refused",
  "answer-not-json",
  "answer-shape-invalid",
  "answer-field-oversized",
  "answer-nonce-invalid",
  "answer-key-invalid",
  "answer-key-not-wrapped",
  "kms-quote-mock",
  "kms-report-data-mismatch",
  "kms-quote-refused",
  "kms-collateral-unavailable",
  "kms-policy-refused",
  "quote-provider-failed",
  "key-length-unexpected",
  "key-unwrap-failed",
] as const;

/** One of {@link KMS_CLIENT_FAILURE_CODES}. */
export type KmsClientFailureCode = (typeof KMS_CLIENT_FAILURE_CODES)[number];

/** Any failure of a node's side of the conversation. */
export type KmsClientFailure =
  | KmsUrlError
  | IdentityError
  | WrappedCallFailure
  | KmsAttestationFailure
  | QuoteProviderFailure
  | KeyLengthFailure
  | KeyUnwrapFailure;

const REPORT_DATA_MISMATCHES = {
  answer: "The KMS names other report data than nonce and binding.",
  quote: "The quote of the KMS carries other report data than nonce and binding.",
  release: "The quote of the KMS is not over this sealed key and this conversation.",
} as const;

/**
 * One sentence about a failure that an operator can act on.
 *
 * @returns plain text; words of the KMS, a gateway or a transport in it are quoted and cut
 */
// oxlint-disable-next-line typescript/consistent-return -- the switch is exhaustive, which the compiler checks
export function describeKmsFailure(failure: KmsClientFailure): string {
  switch (failure.code) {
    case "kms-url-invalid":
      return `The address of the KMS cannot be used: ${failure.reason}.`;
    case "identity-malformed":
      return `The identity cannot be used: ${failure.reason}.`;
    case "kms-unreachable":
      return `The KMS cannot be reached: ${quoteForeignText(failure.reason, DETAILS_LENGTH)}.`;
    case "kms-timeout":
      return `The KMS did not answer within ${failure.timeoutMs} ms.`;
    case "kms-answer-too-large":
      return `The KMS sent more than ${failure.limitBytes} bytes.`;
    case "kms-refused": {
      const tag = failure.tag === null ? "" : ` (${quoteForeignText(failure.tag)})`;
      const details = failure.details === null ? "" : `: ${quoteForeignText(failure.details, DETAILS_LENGTH)}`;
      return `The KMS refused with status ${failure.status}${tag}${details}.`;
    }
    case "answer-not-json":
      return "The answer of the KMS is not JSON.";
    case "answer-shape-invalid":
      return `The answer of the KMS lacks a usable ${failure.field ?? "object"}.`;
    case "answer-field-oversized":
      return `The answer of the KMS has a ${failure.field} that is too long.`;
    case "answer-nonce-invalid":
      return "The challenge nonce of the KMS is not 32 bytes of base64.";
    case "answer-key-invalid":
      return "The key of the KMS is not hex of at least 32 bytes.";
    case "answer-key-not-wrapped":
      return "The KMS answered with a plain key where a sealed one was asked for; the key is not used.";
    case "kms-quote-mock":
      return "The KMS sent a mock quote, a development stand-in that proves nothing.";
    case "kms-report-data-mismatch":
      return REPORT_DATA_MISMATCHES[failure.where];
    case "kms-quote-refused":
      return `The quote of the KMS is not genuine. ${describeFailure(failure.cause)}`;
    case "kms-collateral-unavailable":
      return `There is no collateral for the quote of the KMS. ${describeFailure(failure.cause)}`;
    case "kms-policy-refused":
      return describePolicyError(failure.cause);
    case "quote-provider-failed":
      return `This machine gave no quote: ${quoteForeignText(failure.reason, DETAILS_LENGTH)}.`;
    case "key-length-unexpected":
      return `The key of the KMS has ${failure.length} bytes instead of 32.`;
    case "key-unwrap-failed":
      return "The sealed key does not open: it was sealed to another key or for another conversation.";
  }
}
