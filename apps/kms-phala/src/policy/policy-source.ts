import type { AppraisalPolicy } from "@mero-tee/policy";
import type { Result } from "@mero-tee/tdx-quote/result";

/** A policy that was read, and what vouches for it. */
export interface LoadedPolicy {
  readonly policy: AppraisalPolicy;
  /** SHA-256 of the document, lower-case hex; null for a policy that has no document. */
  readonly sha256: string | null;
  /** Whose signature over the document was verified; null where there is none and none is demanded. */
  readonly signer: PolicySigner | null;
  /** SHA-256 of the node release's measurements that the policy was compared with; null where nobody asked. */
  readonly nodePolicySha256: string | null;
}

/** Who signed a policy, as certificate and transparency log prove it. */
export interface PolicySigner {
  /** The workflow at its ref. */
  readonly identity: string;
  readonly logIndex: number;
  /** Unix seconds; null for a log that signs no time. */
  readonly integratedTime: number | null;
}

/** Why a source gave no policy. */
type PolicySourceErrorCode =
  | "policy-not-configured"
  | "policy-not-found"
  | "policy-unreadable"
  | "policy-unreachable"
  | "policy-status"
  | "policy-too-large"
  | "policy-digest-mismatch"
  | "policy-unsigned"
  | "policy-signature-refused"
  | "policy-refused"
  | "policy-too-old"
  | "node-policy-digest-mismatch"
  | "node-policy-malformed"
  | "node-policy-mismatch";

/** A refusal. `reason` is shown to callers of /get-key: no URL, no path, nothing of the content. `detail` is for the log. */
export interface PolicySourceError {
  readonly code: PolicySourceErrorCode;
  readonly reason: string;
  readonly detail?: string;
}

/**
 * Reads one file from where policies come from, whole.
 *
 * @param location - a URL or a path, as the source makes them
 * Errors: `policy-not-found` only where nothing is there; `policy-too-large` above `maxBytes`.
 */
export type ReadAsset = (
  location: string,
  maxBytes: number,
) => Promise<Result<Uint8Array<ArrayBuffer>, PolicySourceError>>;

/** Where the policy for nodes comes from. */
export interface PolicySource {
  /** For the log: `environment`, `file`, `release 2.4.0`, `none`. */
  readonly label: string;
  /** Whether asking again may give another answer. */
  readonly isRetried: boolean;
  load(): Promise<Result<LoadedPolicy, PolicySourceError>>;
}
