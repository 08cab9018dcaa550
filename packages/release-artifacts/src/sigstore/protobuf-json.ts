import { parseBase64 } from "@mero-tee/tdx-quote/base64";
import { jsonUnsigned } from "@mero-tee/tdx-quote/json";
import { optional, text, type Shape } from "@mero-tee/tdx-quote/json-shape";
import { err, ok } from "@mero-tee/tdx-quote/result";
import { parseRfc3339Ms } from "./unix-ms.ts";

// The shapes that Sigstore's protobuf messages have as JSON. Source: Protocol Buffers documentation, ProtoJSON format.

/** A field that may be left out; `null` says the same in this format. */
export function field<T, F>(shape: Shape<T>, fallback: F): Shape<T | F> {
  const present = optional(shape, fallback);
  return (value) => present(value === null ? undefined : value);
}

/** `bytes`: base64 in its canonical spelling, of exactly `length` bytes where given, else at least one. */
export function bytes(length?: number): Shape<Uint8Array<ArrayBuffer>> {
  return (value) => {
    const decoded = typeof value === "string" ? parseBase64(value) : null;
    if (decoded === null || decoded.length === 0)
      return err({ path: "", reason: "must be base64 of at least one byte" });
    return length === undefined || decoded.length === length
      ? ok(decoded)
      : err({ path: "", reason: `must be base64 of ${length} bytes` });
  };
}

/** `int64`, not negative: a decimal string, or a number. */
export const int64: Shape<number> = (value) => {
  const number =
    typeof value === "string"
      ? jsonUnsigned({ kind: "number", text: value, value: Number(value) }, Number.MAX_SAFE_INTEGER)
      : jsonUnsigned(value, Number.MAX_SAFE_INTEGER);
  return number === null ? err({ path: "", reason: "must be a decimal integer from 0 on" }) : ok(number);
};

/** A `Timestamp`, in Unix milliseconds. */
export const timestamp: Shape<number> = (value) => {
  const unixMs = typeof value === "string" ? parseRfc3339Ms(value) : null;
  return unixMs === null ? err({ path: "", reason: "must be a UTC time like 2025-06-19T10:16:03Z" }) : ok(unixMs);
};

/** A text of at most 1 KiB: names and kinds are short. */
export const shortText: Shape<string> = (value) => {
  const result = text(value);
  return result.ok && result.value.length > 1024
    ? err({ path: "", reason: "must be at most 1024 characters" })
    : result;
};
