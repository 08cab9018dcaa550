/** Which policy is in force, for records of decisions. */
export interface PolicyIdentity {
  /** `environment`, `file`, `release 2.4.0`. */
  readonly source: string;
  /** Version that the document names; null where it names none, or not in plain words. */
  readonly tag: string | null;
  /** SHA-256 of the document, lower-case hex; null for a policy that has no document. */
  readonly sha256: string | null;
}

const PLAIN_TAG = /^[0-9A-Za-z.+_-]{1,64}$/;

/** The identity of a loaded policy. A tag that is no version is left out: it may come from a file that nobody pinned. */
export function identifyPolicy(source: string, tag: string | null, sha256: string | null): PolicyIdentity {
  return { source, tag: tag !== null && PLAIN_TAG.test(tag) ? tag : null, sha256 };
}
