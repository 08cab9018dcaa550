import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

/** Whose word on a caller's address is taken; null: nobody's. */
export type TrustProxy = "vercel" | null;

/** `vercel`: the platform's own header, which it sets itself on every request. */
export function parseTrustProxy(text: string): Result<TrustProxy, string> {
  return text === "vercel" ? ok(text) : err("must be vercel, or unset");
}
