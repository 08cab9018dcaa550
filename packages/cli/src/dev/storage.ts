import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

/** A record as it lies on a disk that nobody needs to trust. */
export interface SealedRecord {
  readonly iv: Uint8Array<ArrayBuffer>;
  readonly ciphertext: Uint8Array<ArrayBuffer>;
}

/** An open storage: what has its key reads what was written with the same key. */
export interface Storage {
  seal(text: string): Promise<SealedRecord>;
  /** Errors: `not-ours`, for a record of another key or one that was changed. */
  open(record: SealedRecord): Promise<Result<string, "not-ours">>;
}

const IV_BYTES = 12;

/**
 * Opens a storage with a storage key, 32 bytes: AES-256-GCM under a key derived by HKDF-SHA-256, so that the released key
 * itself encrypts nothing. A small stand-in for what a node does with its key.
 *
 * Source: RFC 5869; NIST SP 800-38D.
 */
export async function openStorage(storageKey: Uint8Array<ArrayBuffer>): Promise<Storage> {
  const secret = await crypto.subtle.importKey("raw", storageKey, "HKDF", false, ["deriveKey"]);
  const info = new TextEncoder().encode("mero-tee dev storage v1");
  const key = await crypto.subtle.deriveKey(
    { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(0), info },
    secret,
    { name: "AES-GCM", length: 256 },
    false,
    ["encrypt", "decrypt"],
  );
  return {
    async seal(text) {
      const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
      const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, new TextEncoder().encode(text));
      return { iv, ciphertext: new Uint8Array(sealed) };
    },
    async open({ iv, ciphertext }) {
      try {
        return ok(new TextDecoder().decode(await crypto.subtle.decrypt({ name: "AES-GCM", iv }, key, ciphertext)));
      } catch {
        // WebCrypto says nothing but that the tag does not fit.
        return err("not-ours");
      }
    },
  };
}
