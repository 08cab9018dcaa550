import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { describeSigstoreError, parseTrustedRoot, type TrustedRoot } from "@mero-tee/release-artifacts/sigstore";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

/** A trusted root that stands in for that of Sigstore's public instance. */
export interface ReplacedTrustedRoot {
  readonly trustedRoot: TrustedRoot;
  /** SHA-256 of the file, lower-case hex, for the log. */
  readonly sha256: string;
}

/**
 * Loads a trusted root (`trusted_root.json`) of another Sigstore.
 *
 * Errors: one clause that says why, without the content.
 */
export async function loadSigstoreRoot(path: string): Promise<Result<ReplacedTrustedRoot, string>> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    return err(`cannot be read: ${error instanceof Error ? error.message : "unknown error"}`);
  }
  const trustedRoot = parseTrustedRoot(bytes);
  if (!trustedRoot.ok) return err(describeSigstoreError(trustedRoot.error));
  return ok({ trustedRoot: trustedRoot.value, sha256: createHash("sha256").update(bytes).digest("hex") });
}
