import type { ImageError } from "@mero-tee/image-measure";
import { describeAuditError, type AuditError } from "@mero-tee/kms-protocol/audit";
import { describeKmsFailure, type KmsClientFailure } from "@mero-tee/kms-protocol/client";
import { describePolicyError, type AnyPolicyError } from "@mero-tee/policy";
import { describeReleaseError, type ReleaseError } from "@mero-tee/release-artifacts";
import { describeSigstoreError, type SigstoreError } from "@mero-tee/release-artifacts/sigstore";
import { describeFailure, type Failure } from "@mero-tee/tdx-quote";

import { CLI_ENDINGS, type CliFailure } from "./cli-failure.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";

/** A refusal as every JSON document carries it: `code` for machines, `message` (one sentence) for people. */
export interface FailureView {
  readonly code: string;
  readonly stage: string;
  readonly message: string;
}

/** A failure on its way out: how it is shown, and the exit code it ends in. */
export interface Refusal {
  readonly view: FailureView;
  readonly exitCode: ExitCode;
  /** More lines for people, for standard error. */
  readonly details?: string;
}

/** The refusal behind a failure of the command itself. */
export function refusalOfCli(failure: CliFailure): Refusal {
  const { stage, exitCode } = CLI_ENDINGS[failure.code];
  const { code, message, details } = failure;
  return { view: { code, stage, message }, exitCode, ...(details === undefined ? {} : { details }) };
}

/**
 * The refusal behind a failure of quote, event log or collateral.
 *
 * A collateral service that could not be asked is the network's fault (1): nothing was judged. Everything else is a
 * verdict (10).
 */
export function refusalOfEvidence(failure: Failure): Refusal {
  return {
    view: { code: failure.code, stage: failure.stage, message: describeFailure(failure) },
    exitCode: failure.stage === "fetch" ? EXIT.failed : EXIT.refused,
  };
}

/** The refusal behind a policy that cannot be used, or that does not list what a genuine quote shows. */
export function refusalOfPolicy(error: AnyPolicyError): Refusal {
  return {
    view: { code: error.code, stage: "policy", message: describePolicyError(error) },
    exitCode: EXIT.refused,
  };
}

/**
 * The refusal behind a document of a release, a catalog or candidates that are not accepted. A directory that could not be
 * read is the disk's fault (1), one that did not come the network's; a release that is not there is missing (11).
 */
export function refusalOfRelease(error: ReleaseError): Refusal {
  return {
    view: { code: error.code, stage: "release", message: describeReleaseError(error) },
    exitCode: RELEASE_EXITS.get(error.code) ?? EXIT.refused,
  };
}

/** Failures of disk and network, in which nobody judged anything, and releases, or assets of them, that are not there. */
const RELEASE_EXITS: ReadonlyMap<ReleaseError["code"], ExitCode> = new Map<ReleaseError["code"], ExitCode>([
  ["release-unreadable", EXIT.failed],
  ["release-fetch-failed", EXIT.failed],
  ["release-not-found", EXIT.missing],
  ["release-asset-late", EXIT.missing],
]);

/**
 * The refusal behind a signature that is not accepted.
 *
 * A pattern that is no regular expression is a command line that is wrong (2); everything else is a verdict (10).
 */
export function refusalOfSigstore(error: SigstoreError): Refusal {
  return {
    view: { code: error.code, stage: "sigstore", message: describeSigstoreError(error) },
    exitCode: error.code === "identity-pattern-invalid" ? EXIT.usage : EXIT.refused,
  };
}

/** The refusal behind an image that is not measured. */
export function refusalOfImage({ code, detail }: ImageError): Refusal {
  return {
    view: { code, stage: "image", message: `${detail.charAt(0).toUpperCase()}${detail.slice(1)}.` },
    exitCode: EXIT.refused,
  };
}

/** The refusal behind an audit file that is no whole chain. */
export function refusalOfAudit(error: AuditError): Refusal {
  return {
    view: { code: error.code, stage: "audit", message: describeAuditError(error) },
    exitCode: EXIT.refused,
  };
}

/** How far a node came with a KMS. */
export type KmsStage = "identity" | "transport" | "attest" | "challenge" | "quote" | "get-key";

/**
 * The refusal behind a failed conversation with a KMS.
 *
 * A KMS that cannot be reached, has an inner failure or asks for patience judged nothing: 1. One that says no, answers
 * nonsense or is not believed: 10.
 */
export function refusalOfKms(stage: KmsStage, failure: KmsClientFailure): Refusal {
  return {
    view: { code: failure.code, stage, message: describeKmsFailure(failure) },
    exitCode: failure.code === "kms-url-invalid" ? EXIT.usage : isVerdict(failure) ? EXIT.refused : EXIT.failed,
  };
}

/** Failures in which nobody judged anything. */
const ENVIRONMENT_FAILURES: ReadonlySet<KmsClientFailure["code"]> = new Set([
  "kms-unreachable",
  "kms-timeout",
  "quote-provider-failed",
]);

const TOO_MANY_REQUESTS = 429;

function isVerdict(failure: KmsClientFailure): boolean {
  if (failure.code === "kms-refused") return failure.status < 500 && failure.status !== TOO_MANY_REQUESTS;
  if (failure.code === "kms-collateral-unavailable") return failure.cause.stage !== "fetch";
  return !ENVIRONMENT_FAILURES.has(failure.code);
}
