import { parseQuote } from "@mero-tee/tdx-quote";
import { parseBase64 } from "@mero-tee/tdx-quote/base64";
import { isJsonObject, parseStrictJson } from "@mero-tee/tdx-quote/json";

import type { SimulatedTrustAuthority, TokenChanges } from "../trust-authority/simulated-trust-authority.ts";
import { errorAnswer, jsonAnswer } from "./answer.ts";
import type { Route } from "./routes.ts";

/** What the stand-in's endpoints need. */
export interface TrustAuthorityRouteOptions {
  /** Made when somebody first asks: RSA keys take a while. */
  readonly authority: () => Promise<SimulatedTrustAuthority>;
  /** Unix seconds. */
  readonly now: () => number;
  /** What the next tokens say differently. */
  readonly changes: () => Omit<TokenChanges, "issuedAt">;
}

/**
 * The endpoints of a stand-in of Intel Trust Authority: any API key will do, but there has to be one.
 *
 * Source: Intel Trust Authority REST API v2, attest; its portal, certificates.
 */
export function trustAuthorityRoutes({ authority, now, changes }: TrustAuthorityRouteOptions): readonly Route[] {
  return [
    {
      method: "POST",
      path: "/appraisal/v2/attest",
      summary: "{ tdx: { quote: base64 } } gives { token }, as Intel Trust Authority does",
      answer: async ({ body }) => {
        const json = parseStrictJson(body);
        const tdx = json.ok && isJsonObject(json.value) ? json.value.get("tdx") : undefined;
        const text = isJsonObject(tdx) ? tdx.get("quote") : undefined;
        const bytes = typeof text === "string" ? parseBase64(text) : null;
        const quote = bytes === null ? null : parseQuote(bytes);
        if (quote === null || !quote.ok) return errorAnswer(400, "tdx.quote is no quote in base64", "bad-quote");
        const token = await (await authority()).appraise(quote.value, { ...changes(), issuedAt: now() });
        return jsonAnswer({ token });
      },
    },
    {
      method: "GET",
      path: "/certs",
      summary: "the keys that sign those tokens",
      answer: async () => jsonAnswer((await authority()).keySet),
    },
  ];
}
