import { err, ok, type Result } from "@mero-tee/tdx-quote/result";
import type { SettingForm } from "./setting.ts";

const ORIGIN = /^(?<scheme>[a-z][a-z0-9+.-]*):\/\/(?:[^\s/?#@:[\]\\,]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?$/;

/**
 * A comma list of origins, each `scheme://host[:port]` as a browser writes it in `Origin`. A blank value names
 * none, which leaves CORS off. `*`, paths, trailing slashes and empty entries are refused.
 */
export const CORS_ORIGINS: SettingForm<readonly string[]> = {
  words: "comma list of origins",
  parse: parseCorsOrigins,
};

function parseCorsOrigins(text: string): Result<readonly string[], string> {
  if (text.trim() === "") return ok([]);
  const origins = text.split(",").map((entry) => entry.trim());
  for (const origin of origins) {
    if (origin === "*") return err("must name origins; * is refused");
    if (!isOrigin(origin)) {
      return err("must be a comma list of origins as browsers send them, scheme://host[:port] in lower case, no path");
    }
  }
  return ok([...new Set(origins)]);
}

function isOrigin(text: string): boolean {
  const scheme = ORIGIN.exec(text)?.groups?.["scheme"];
  if (scheme === undefined) return false;
  if (scheme !== "http" && scheme !== "https") return true;
  // Origins are compared letter by letter: a spelling that no browser sends (a default port, upper case, a host in
  // Unicode) would never match, so it is a mistake to report and not a setting to keep.
  return URL.canParse(text) && new URL(text).origin === text;
}
