import { toHex } from "@mero-tee/tdx-quote/hex";
import { isJsonObject, parseStrictJson } from "@mero-tee/tdx-quote/json";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";
import { sha256 } from "@noble/hashes/sha2.js";

/** Bytes that are no app-compose document. */
export interface AppComposeError {
  readonly code: "app-compose-malformed";
  readonly reason: string;
}

const LIMIT_BYTES = 1024 * 1024;

/**
 * The compose hash of an app-compose document: the SHA-256 of its bytes as they are, since dstack hashes the text and
 * not what it means. The document is read all the same, so that the bare composition file, which is hashed nowhere, is refused.
 *
 * @returns 64 lower-case hex digits, the payload of the event `compose-hash`
 * Errors: `app-compose-malformed`.
 * Source: dstack, app-compose.json and the compose-hash event.
 */
export function appComposeHash(document: Uint8Array): Result<string, AppComposeError> {
  const json = parseStrictJson(document, { maxBytes: LIMIT_BYTES });
  if (!json.ok) return refuse(`${json.error.reason} at byte ${json.error.offset}`);
  if (!isJsonObject(json.value)) return refuse("it is no JSON object");
  if (typeof json.value.get("docker_compose_file") !== "string") return refuse("it has no docker_compose_file");
  return ok(toHex(sha256(document)));
}

function refuse(reason: string): { readonly ok: false; readonly error: AppComposeError } {
  return err({ code: "app-compose-malformed", reason });
}
