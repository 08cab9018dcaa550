import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

const PEM = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * Reads a file of certificates to trust, PEM. TLS itself would take a file without any for an empty list and trust
 * nobody, without saying why.
 */
export async function loadTrustedCertificates(path: string): Promise<Result<string, string>> {
  try {
    const blocks = (await readFile(path, "latin1")).match(PEM) ?? [];
    if (blocks.length === 0) return err("holds no certificate in PEM form");
    for (const block of blocks) void new X509Certificate(block);
    return ok(blocks.join("\n"));
  } catch {
    // Absent, unreadable or not a certificate: the operator looks at the file in any case.
    return err("cannot be read as certificates in PEM form");
  }
}
