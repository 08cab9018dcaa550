import { parseIdentity, type PeerIdentity } from "@mero-tee/kms-protocol/client";
import { err, type Result } from "@mero-tee/tdx-quote/result";

import { refusalOfCli, refusalOfKms, type Refusal } from "./failure-view.ts";
import type { FileStore } from "./file-store.ts";

const KEY_FILE_LIMIT_BYTES = 4096;

/**
 * Loads a node's Ed25519 identity: PKCS#8 PEM, as `openssl genpkey -algorithm ed25519` writes it, or a 32-byte seed in hex.
 *
 * Errors: those of {@link FileStore.read}; `identity-malformed`, which never quotes the content.
 */
export async function loadIdentity(files: FileStore, path: string): Promise<Result<PeerIdentity, Refusal>> {
  const content = await files.read(path, KEY_FILE_LIMIT_BYTES);
  if (!content.ok) return err(refusalOfCli(content.error));
  const identity = await parseIdentity(new TextDecoder().decode(content.value));
  content.value.fill(0);
  return identity.ok ? identity : err(refusalOfKms("identity", identity.error));
}
