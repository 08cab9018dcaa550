import { parseStrictJson, type JsonValue } from "./json.ts";
import type { ShapeError } from "./json-shape.ts";
import { err, ok, type Brand, type Result } from "./result.ts";

/** Largest accepted TCB info or QE identity. Real ones have 1 to 20 KB. */
const SIGNED_JSON_LIMIT_BYTES = 1_048_576;

interface TextWithBytes {
  readonly text: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** A text and its bytes in UTF-8. Only {@link signedText} makes one, so what is signed is what is read. */
export type SignedText = Brand<TextWithBytes, "SignedText">;

const UTF8 = new TextEncoder();

/** Encodes a text that is signed as bytes and read as text. An encoder replaces unpaired surrogates; a reader refuses them. */
export function signedText(text: string): SignedText {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the brand says that the bytes are the text's
  return { text, bytes: UTF8.encode(text) } as TextWithBytes as SignedText;
}

/**
 * A JSON document together with the bytes that were parsed: a signature is verified over these very bytes,
 * never over a serialisation of the value.
 */
export interface SignedJson {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly value: JsonValue;
}

/**
 * Parses a signed JSON document.
 *
 * Errors: a reason; text with unpaired surrogates has no bytes of its own, so it is refused.
 * Source: Intel PCS API v4: the signature is "calculated over … body without whitespaces", as the service sends it.
 */
export function parseSignedJson({ text, bytes }: SignedText): Result<SignedJson, ShapeError> {
  if (text.length > SIGNED_JSON_LIMIT_BYTES) return err({ path: "", reason: "too large" });
  if (!text.isWellFormed()) return err({ path: "", reason: "text is not well-formed Unicode" });
  if (bytes.length > SIGNED_JSON_LIMIT_BYTES) return err({ path: "", reason: "too large" });
  // Well-formed text and its bytes say the same, so the text need not be decoded from them again.
  const parsed = parseStrictJson(text, { maxBytes: SIGNED_JSON_LIMIT_BYTES });
  return parsed.ok ? ok({ bytes, value: parsed.value }) : err({ path: "", reason: parsed.error.reason });
}
