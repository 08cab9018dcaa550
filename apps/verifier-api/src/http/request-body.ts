import { isJsonObject, type JsonValue, parseStrictJson } from "@mero-tee/tdx-quote/json";
import { ok, type Result } from "@mero-tee/tdx-quote/result";
import { type Problem, refuse } from "../problem.ts";

/**
 * Reads the body of a request: a JSON object of a bounded length. The limit holds before and while it is read, whatever the
 * caller says of its length.
 *
 * Errors: `not_json`, `too_large`, `bad_json`.
 */
export async function readJsonObject(
  request: Request,
  maxBytes: number,
): Promise<Result<ReadonlyMap<string, JsonValue>, Problem>> {
  const mediaType = (request.headers.get("content-type") ?? "").split(";", 1)[0]?.trim().toLowerCase();
  if (mediaType !== "application/json") return refuse("not_json", "Send the body as application/json.");
  const tooLarge = refuse("too_large", `A body may have ${maxBytes} bytes.`);
  if (Number(request.headers.get("content-length") ?? 0) > maxBytes) return tooLarge;
  const bytes = await readBounded(request, maxBytes);
  if (bytes === "too-large") return tooLarge;
  if (bytes === "broken") return refuse("bad_json", "The body ended before its time.");
  const json = parseStrictJson(bytes, { maxBytes });
  if (!json.ok) return refuse("bad_json", `The body is no JSON: ${json.error.reason} at byte ${json.error.offset}.`);
  if (!isJsonObject(json.value)) return refuse("bad_json", "The body is no JSON object.");
  return ok(json.value);
}

async function readBounded(
  request: Request,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer> | "too-large" | "broken"> {
  const reader = request.body?.getReader();
  if (reader === undefined) return new Uint8Array(0);
  const bytes = new Uint8Array(maxBytes);
  let length = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return bytes.slice(0, length);
      if (length + value.length > maxBytes) {
        await reader.cancel();
        return "too-large";
      }
      bytes.set(value, length);
      length += value.length;
    }
  } catch {
    // The caller went away: there is nobody to tell why.
    return "broken";
  }
}
