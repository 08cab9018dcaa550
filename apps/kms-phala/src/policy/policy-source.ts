import type { AppraisalPolicy } from "@mero-tee/policy";
import type { Result } from "@mero-tee/tdx-quote/result";

/** A policy that was read, and the digest of the bytes it was read from. */
export interface LoadedPolicy {
  readonly policy: AppraisalPolicy;
  /** SHA-256 of the document, lower-case hex; null for a policy that has no document. */
  readonly sha256: string | null;
}

/** Why a source gave no policy. */
type PolicySourceErrorCode =
  | "policy-not-configured"
  | "policy-not-found"
  | "policy-unreachable"
  | "policy-status"
  | "policy-too-large"
  | "policy-digest-mismatch"
  | "policy-refused";

/** A refusal. `reason` is shown to callers of /get-key: no URL, no path, nothing of the content. `detail` is for the log. */
export interface PolicySourceError {
  readonly code: PolicySourceErrorCode;
  readonly reason: string;
  readonly detail?: string;
}

/** Where the policy for nodes comes from. */
export interface PolicySource {
  /** For the log: `environment`, `file`, `release 2.4.0`, `none`. */
  readonly label: string;
  /** Whether asking again may give another answer. */
  readonly isRetried: boolean;
  load(): Promise<Result<LoadedPolicy, PolicySourceError>>;
}
