import { parseQuote, QUOTE_LIMIT_BYTES } from "@mero-tee/tdx-quote";
import { parseBase64 } from "@mero-tee/tdx-quote/base64";
import { toPlainJson } from "@mero-tee/tdx-quote/json";
import { ok } from "@mero-tee/tdx-quote/result";
import { type Handle, jsonAnswer, NO_STORE } from "../http/call.ts";
import { readJsonObject } from "../http/request-body.ts";
import type { ItaService } from "../ita/ita-service.ts";
import { maySpend, type SecondOpinionPorts } from "../ita/second-opinion.ts";
import { refuse } from "../problem.ts";
import { itaAppraiseRequestSchema } from "../wire/ita-answers.ts";

const BODY_LIMIT_BYTES = 2 * QUOTE_LIMIT_BYTES;

/** `GET /api/ita/keys`: the keys with which Intel Trust Authority signs. */
export function createItaKeys(service: ItaService): Handle {
  return async () => {
    const keys = await service.keys();
    return keys.ok ? ok(jsonAnswer(keys.value, "public, max-age=3600")) : keys;
  };
}

/** `POST /api/ita/appraise`: a second opinion on a quote. */
export function createItaAppraise(
  service: ItaService,
  { settings, admit }: Pick<SecondOpinionPorts, "settings" | "admit">,
): Handle {
  return async (call) => {
    const body = await readJsonObject(call.request, BODY_LIMIT_BYTES);
    if (!body.ok) return body;
    const typed = itaAppraiseRequestSchema.safeParse(toPlainJson(body.value));
    if (!typed.success) return refuse("bad_json", "The body is {quote_b64}.");
    const quote = parseBase64(typed.data.quote_b64);
    // Whatever is no quote is not sent on in this service's name.
    if (quote === null || !parseQuote(quote).ok) return refuse("bad_quote", "quote_b64 is no TDX quote in base64.");
    if (settings.apiKey === null) return refuse("not_configured", "Intel Trust Authority is not asked here.");
    if (!maySpend(call, settings)) return refuse("not_configured", "Pages of other sites cannot have it asked here.");
    const admitted = await admit(call);
    if (!admitted.ok) return admitted;
    const asked = await service.appraise(quote);
    return asked.ok ? ok(jsonAnswer(asked.value, NO_STORE)) : asked;
  };
}
