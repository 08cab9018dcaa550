import { parseBase64 } from "@mero-tee/tdx-quote/base64";
import { verifyBy } from "./public-key.ts";
import type { TrustedLog } from "./trusted-root.ts";
import { isSame } from "./x509-certificate.ts";

/** Longest checkpoint that is read, in UTF-16 units: witnesses add a line each. */
const CHECKPOINT_LIMIT = 16 * 1024;
const KEY_HINT_BYTES = 4;

/** A log's statement about its tree at one time. **Not verified yet.** */
export interface Checkpoint {
  readonly treeSize: number;
  /** 32 bytes. */
  readonly rootHash: Uint8Array;
  /** The text that is signed. */
  readonly note: string;
  readonly signatures: readonly NoteSignature[];
}

interface NoteSignature {
  readonly name: string;
  /** First bytes of the key's id. */
  readonly keyHint: Uint8Array;
  readonly signature: Uint8Array;
}

/**
 * Reads a checkpoint: origin, tree size, root hash and perhaps more lines, an empty line, then signature lines.
 *
 * @returns null for anything else
 * Source: C2SP, tlog-checkpoint and signed-note.
 */
export function parseCheckpoint(envelope: string): Checkpoint | null {
  if (envelope.length > CHECKPOINT_LIMIT) return null;
  const split = envelope.lastIndexOf("\n\n");
  if (split < 0 || !envelope.endsWith("\n")) return null;
  const note = envelope.slice(0, split + 1);
  const [origin = "", size = "", root = ""] = note.split("\n");
  const rootHash = parseBase64(root);
  if (origin === "" || !/^(?:0|[1-9]\d{0,15})$/.test(size) || rootHash?.length !== 32) return null;
  const treeSize = Number(size);
  if (!Number.isSafeInteger(treeSize)) return null;
  const signatures: NoteSignature[] = [];
  for (const line of envelope.slice(split + 2, -1).split("\n")) {
    const [, name = "", encoded = ""] = /^\u2014 (\S+) (\S+)$/.exec(line) ?? [];
    const bytes = parseBase64(encoded);
    if (bytes === null || bytes.length <= KEY_HINT_BYTES) return null;
    signatures.push({ name, keyHint: bytes.subarray(0, KEY_HINT_BYTES), signature: bytes.subarray(KEY_HINT_BYTES) });
  }
  return { treeSize, rootHash, note, signatures };
}

/** Whether a log signed a checkpoint under its own name. Lines of others (witnesses) say nothing here. */
export async function isSignedByLog(checkpoint: Checkpoint, log: TrustedLog): Promise<boolean> {
  const { key, logId, name } = log;
  const note = new TextEncoder().encode(checkpoint.note);
  const own = checkpoint.signatures.filter(
    (line) => line.name === name && isSame(line.keyHint, logId.subarray(0, KEY_HINT_BYTES)),
  );
  const verdicts = await Promise.all(own.map(({ signature }) => verifyBy(key, "SHA-256", signature, note)));
  return verdicts.includes(true);
}
