import { createHash, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

/** A root certificate that stands in for Intel's. */
export interface SimulatedRoot {
  readonly der: Uint8Array<ArrayBuffer>;
  /** SHA-256 of the DER bytes, lower-case hex, for the log. */
  readonly sha256: string;
}

/**
 * Loads the root certificate of a simulated platform, PEM or DER.
 *
 * Errors: one clause that says why, without the content.
 */
export async function loadSimulatedRoot(path: string): Promise<Result<SimulatedRoot, string>> {
  try {
    const der = new Uint8Array(new X509Certificate(await readFile(path)).raw);
    return ok({ der, sha256: createHash("sha256").update(der).digest("hex") });
  } catch (error) {
    return err(`cannot be read as one certificate: ${error instanceof Error ? error.message : "unknown error"}`);
  }
}
