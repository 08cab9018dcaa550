import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { concatBytes, utf8 } from "./byte-writer.ts";

const SALT = utf8("RATLS");

/**
 * Derives an application's key for a path: HKDF-SHA256, salt `RATLS`, input the application's key, info the path.
 * Purpose and algorithm of the request do not change it.
 *
 * @param appKey - 32 bytes
 * @returns 32 bytes
 * Source: dstack guest agent, `GetKey`.
 */
export function deriveDstackKey(appKey: Uint8Array, path: string): Uint8Array {
  return hkdf(sha256, appKey, SALT, utf8(path), 32);
}

/** Derives the key of an application from the root key of a dstack KMS; 32 bytes. Source: dstack KMS, app key. */
export function deriveDstackAppKey(rootKey: Uint8Array, appId: Uint8Array): Uint8Array {
  return hkdf(sha256, rootKey, SALT, concatBytes(appId, utf8("app-key")), 32);
}
