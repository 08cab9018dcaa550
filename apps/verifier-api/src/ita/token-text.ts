import { parseBase64 } from "@mero-tee/tdx-quote/base64";
import { isJsonObject, jsonUnsigned, type JsonValue, parseStrictJson, toPlainJson } from "@mero-tee/tdx-quote/json";

/** When a token says that it ends, Unix seconds; null where it does not. **Not verified.** */
export function expiryOfToken(token: string): number | null {
  const claims = partOf(token, 1);
  return isJsonObject(claims) ? jsonUnsigned(claims.get("exp"), Number.MAX_SAFE_INTEGER) : null;
}

/** The key that a token names; null where it names none. **Not verified.** */
export function keyIdOfToken(token: string): string | null {
  const header = partOf(token, 0);
  const keyId = isJsonObject(header) ? header.get("kid") : null;
  return typeof keyId === "string" ? keyId : null;
}

/** The claims of a token as plain JSON; only for one that was verified. */
export function claimsOfToken(token: string): Readonly<Record<string, unknown>> | null {
  const claims = partOf(token, 1);
  return isJsonObject(claims)
    ? Object.fromEntries([...claims].map(([name, value]) => [name, toPlainJson(value)]))
    : null;
}

function partOf(token: string, index: 0 | 1): JsonValue | undefined {
  const part = token.split(".")[index] ?? "";
  const padded = part
    .replaceAll("-", "+")
    .replaceAll("_", "/")
    .padEnd(4 * Math.ceil(part.length / 4), "=");
  const bytes = parseBase64(padded);
  const json = bytes === null ? null : parseStrictJson(bytes);
  return json?.ok === true ? json.value : undefined;
}
