import { toBase64 } from "@mero-tee/tdx-quote/base64";
import { toHex } from "@mero-tee/tdx-quote/hex";
import { ok, type Result } from "@mero-tee/tdx-quote/result";
import type { InclusionProof, LogEntry } from "./bundle.ts";
import { isSignedByLog, parseCheckpoint } from "./checkpoint.ts";
import { rootOfProof } from "./merkle-proof.ts";
import { verifyBy } from "./public-key.ts";
import { refuse, type SigstoreError } from "./sigstore-error.ts";
import type { TrustedLog } from "./trusted-root.ts";
import { isSame } from "./x509-certificate.ts";

/** An entry that a trusted log vouches for. */
export interface VerifiedLogEntry {
  readonly entry: LogEntry;
  readonly log: TrustedLog;
  /** When the log says that it took the entry, in Unix seconds; null where it does not sign a time. */
  readonly integratedTime: number | null;
}

/**
 * Verifies that a trusted log holds an entry: by its promise (signed entry timestamp), by an inclusion proof up to a
 * checkpoint that it signed, or by both; where both are given, both must hold.
 *
 * Errors: `log-unknown`, `log-promise-invalid`, `log-inclusion-missing`, `log-checkpoint-malformed`, `log-checkpoint-invalid`,
 * `log-proof-invalid`, `log-index-mismatch`.
 * Source: Sigstore client specification, transparency log entry; RFC 6962, section 2.1.1.
 */
export async function verifyLogEntry(
  entry: LogEntry,
  logs: readonly TrustedLog[],
): Promise<Result<VerifiedLogEntry, SigstoreError>> {
  const subject = toHex(entry.logId);
  const log = logs.find(({ logId }) => isSame(logId, entry.logId));
  if (log === undefined) return refuse("log-unknown", { subject });
  const { signedEntryTimestamp: promise, inclusionProof: proof } = entry;
  if (promise !== null && !(await isPromised(entry, promise, log))) return refuse("log-promise-invalid", { subject });
  if (proof !== null) {
    const problem = await proofProblem(entry, proof, log);
    if (problem !== null) return problem;
    // Without the promise nothing but the proof says where the entry stands.
    if (promise === null && entry.logIndex !== proof.logIndex) {
      return refuse("log-index-mismatch", { expected: String(proof.logIndex), actual: String(entry.logIndex) });
    }
  }
  if (promise === null && proof === null) return refuse("log-inclusion-missing", { subject });
  return ok({ entry, log, integratedTime: promise === null ? null : entry.integratedTime });
}

/** Whether the log's key signed the canonical JSON of the entry. Source: Sigstore, Rekor signed entry timestamp; RFC 8785. */
async function isPromised(entry: LogEntry, signature: Uint8Array, { key }: TrustedLog): Promise<boolean> {
  if (entry.integratedTime === null) return false;
  // Canonical as it stands: keys in order, and no text that JSON would escape.
  const signed = `{"body":"${toBase64(entry.body)}","integratedTime":${entry.integratedTime},"logID":"${toHex(entry.logId)}","logIndex":${entry.logIndex}}`;
  return await verifyBy(key, "SHA-256", signature, new TextEncoder().encode(signed));
}

async function proofProblem(
  entry: LogEntry,
  proof: InclusionProof,
  log: TrustedLog,
): Promise<{ readonly ok: false; readonly error: SigstoreError } | null> {
  const checkpoint = parseCheckpoint(proof.checkpoint);
  if (checkpoint === null) return refuse("log-checkpoint-malformed");
  if (!(await isSignedByLog(checkpoint, log))) return refuse("log-checkpoint-invalid", { subject: log.name });
  if (checkpoint.treeSize !== proof.treeSize)
    return refuse("log-proof-invalid", { reason: "other tree size than signed" });
  if (!isSame(checkpoint.rootHash, proof.rootHash))
    return refuse("log-proof-invalid", { reason: "other root than signed" });
  const root = rootOfProof(entry.body, proof);
  return root !== null && isSame(root, checkpoint.rootHash)
    ? null
    : refuse("log-proof-invalid", { reason: "the path does not lead to the signed root" });
}
