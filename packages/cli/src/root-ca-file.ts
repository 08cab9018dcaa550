import { parseBase64 } from "@mero-tee/tdx-quote/base64";
import { parseDer } from "@mero-tee/tdx-quote/der";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

import { cliFailure, type CliFailure } from "./cli-failure.ts";
import type { FileStore } from "./file-store.ts";

/** One certificate is at most 16 KiB; PEM makes a third more of it, and comments may stand around it. */
const ROOT_CA_LIMIT_BYTES = 64 * 1024;
const PEM = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]*)-----END CERTIFICATE-----/g;

/**
 * Loads a root CA certificate, PEM (exactly one block) or DER. Whether it may be a root is for verification to say.
 *
 * @returns the DER bytes
 * Errors: those of {@link FileStore.read}; `root-ca-malformed`.
 */
export async function loadRootCa(files: FileStore, path: string): Promise<Result<Uint8Array<ArrayBuffer>, CliFailure>> {
  const content = await files.read(path, ROOT_CA_LIMIT_BYTES);
  if (!content.ok) return content;
  const der = content.value[0] === 0x30 ? content.value : pemToDer(content.value);
  if (der === null || !parseDer(der).ok) {
    return err(cliFailure("root-ca-malformed", `${path} does not hold exactly one certificate in PEM or DER.`));
  }
  return ok(der);
}

function pemToDer(content: Uint8Array): Uint8Array<ArrayBuffer> | null {
  const blocks = [...new TextDecoder().decode(content).matchAll(PEM)];
  const [block] = blocks;
  if (block === undefined || blocks.length > 1) return null;
  return parseBase64((block[1] ?? "").replaceAll(/\s+/g, ""));
}
