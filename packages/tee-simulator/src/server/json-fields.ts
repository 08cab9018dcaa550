import { parseHex } from "@mero-tee/tdx-quote/hex";
import { isJsonObject, jsonUnsigned, type JsonValue, parseStrictJson } from "@mero-tee/tdx-quote/json";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

/** The members of a JSON request body, or the parameters of a query; values are not checked yet. */
export type Fields = ReadonlyMap<string, JsonValue>;

/** Reads a request body as a JSON object; the error is a sentence for the client. */
export function parseFields(body: Uint8Array): Result<Fields, string> {
  const json = parseStrictJson(body, { maxBytes: Infinity });
  if (!json.ok) return err("the body is not strict JSON (RFC 8259, no duplicate keys)");
  return isJsonObject(json.value) ? ok(json.value) : err("the body is not a JSON object");
}

/** Reads query parameters as fields; a repeated one is refused, as a repeated key of a body is. */
export function queryFields(query: URLSearchParams): Result<Fields, string> {
  const fields = new Map<string, JsonValue>();
  for (const [name, value] of query) {
    if (fields.has(name)) return err(`parameter given twice: ${quoted(name)}`);
    fields.set(name, value);
  }
  return ok(fields);
}

/** Refuses members that the endpoint does not know: a misspelt option must not be ignored. */
export function knownFieldsOnly(fields: Fields, known: readonly string[]): Result<Fields, string> {
  for (const name of fields.keys()) {
    if (!known.includes(name)) return err(`unknown field ${quoted(name)}; known: ${known.join(", ")}`);
  }
  return ok(fields);
}

/** A text member; null if it is absent or JSON null. */
export function textField(fields: Fields, name: string): Result<string | null, string> {
  const value = fields.get(name) ?? null;
  return value === null || typeof value === "string" ? ok(value) : err(`${name} is not text`);
}

/** A member that is true or false; false if it is absent or JSON null. Queries spell it `true` and `false`. */
export function flagField(fields: Fields, name: string): Result<boolean, string> {
  const value = fields.get(name) ?? false;
  if (typeof value === "boolean") return ok(value);
  return value === "true" || value === "false" ? ok(value === "true") : err(`${name} is not true or false`);
}

/** A member that is a list of texts; empty if it is absent or JSON null. */
export function textListField(fields: Fields, name: string): Result<readonly string[], string> {
  const value = fields.get(name) ?? [];
  if (Array.isArray(value) && value.every((item) => typeof item === "string")) return ok(value);
  return err(`${name} is not a list of texts`);
}

/** A member of hex text; null if it is absent or JSON null. */
export function hexField(fields: Fields, name: string): Result<Uint8Array | null, string> {
  const text = textField(fields, name);
  if (!text.ok || text.value === null) return text.ok ? ok(null) : text;
  const bytes = parseHex(text.value);
  return bytes === null ? err(`${name} is not hex`) : ok(bytes);
}

/** A member that is a whole number from 0 to 65,535; null if it is absent or JSON null. */
export function indexField(fields: Fields, name: string): Result<number | null, string> {
  const value = fields.get(name) ?? null;
  if (value === null) return ok(null);
  const index = jsonUnsigned(value, 65_535);
  return index === null ? err(`${name} is not a whole number from 0`) : ok(index);
}

/**
 * Report data as the dstack guest agent takes it: at most 64 bytes of hex, padded with zeros on the right.
 *
 * Source: dstack guest agent, `GetQuote`.
 */
export function reportDataField(fields: Fields, name: string): Result<Uint8Array<ArrayBuffer> | null, string> {
  const bytes = hexField(fields, name);
  if (!bytes.ok || bytes.value === null) return bytes.ok ? ok(null) : bytes;
  if (bytes.value.length > 64) return err(`${name} is longer than 64 bytes`);
  const padded = new Uint8Array(64);
  padded.set(bytes.value);
  return ok(padded);
}

/** Names from a client appear in answers shortened, so that an answer stays readable. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 64 ? `${text.slice(0, 64)}…` : text);
}
