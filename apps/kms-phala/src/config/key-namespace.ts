import { err, ok, type Result } from "@mero-tee/tdx-quote/result";
import type { SettingForm } from "./setting.ts";

/**
 * The prefix of every dstack key path. Slashes at both ends are trimmed; what is left must be segments of
 * visible ASCII, none empty, `.` or `..`.
 *
 * The bytes of the path decide the key, so a prefix that two layers could read differently would give a node another
 * key; and the dstack client sends a length in characters, which cuts a request with non-ASCII text short.
 */
export const KEY_NAMESPACE: SettingForm<string> = { words: "path segments of visible ASCII", parse: parseKeyNamespace };

function parseKeyNamespace(text: string): Result<string, string> {
  const trimmed = text.replace(/^\/+|\/+$/g, "");
  const segments = trimmed.split("/");
  if (segments.includes("")) return err("must not be empty or have empty segments");
  if (segments.includes(".") || segments.includes("..")) return err('must not have "." or ".." as a segment');
  if (!/^[\x21-\x7e]+$/.test(trimmed)) return err("must be visible ASCII without blanks or control characters");
  return ok(trimmed);
}
