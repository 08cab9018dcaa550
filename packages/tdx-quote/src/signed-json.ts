import { parseStrictJson, type JsonValue } from "./json.ts";
import type { ShapeError } from "./json-shape.ts";
import { err, ok, type Result } from "./result.ts";

/** Largest accepted TCB info or QE identity. Real ones have 1 to 20 KB. */
const SIGNED_JSON_LIMIT_BYTES = 1_048_576;

/**
 * A JSON document together with the bytes that were parsed: a signature is verified over these very bytes,
 * never over a serialisation of the value.
 */
export interface SignedJson {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly value: JsonValue;
}

/**
 * Encodes the text of a signed JSON document and parses those bytes.
 *
 * Errors: a reason; text with unpaired surrogates has no bytes of its own (an encoder would replace them), so it is refused.
 * Source: Intel PCS API v4: the signature is "calculated over … body without whitespaces", as the service sends it.
 */
export function parseSignedJson(text: string): Result<SignedJson, ShapeError> {
  // Every UTF-16 unit takes at least one byte, so this bounds the encoder's work before it starts.
  if (text.length > SIGNED_JSON_LIMIT_BYTES) return err({ path: "", reason: "too large" });
  if (!text.isWellFormed()) return err({ path: "", reason: "text is not well-formed Unicode" });
  const bytes = new TextEncoder().encode(text);
  if (bytes.length > SIGNED_JSON_LIMIT_BYTES) return err({ path: "", reason: "too large" });
  // Well-formed text and its bytes say the same, so the text need not be decoded from them again.
  const parsed = parseStrictJson(text, { maxBytes: SIGNED_JSON_LIMIT_BYTES });
  return parsed.ok ? ok({ bytes, value: parsed.value }) : err({ path: "", reason: parsed.error.reason });
}
