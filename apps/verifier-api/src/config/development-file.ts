import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

/** The absolute path of a file that replaces a root of trust, which no service in production has. */
export function parseDevelopmentFile(text: string, isProduction: boolean): Result<string, string> {
  if (isProduction) return err("is for development alone");
  return text.startsWith("/") ? ok(text) : err("must be an absolute path");
}
