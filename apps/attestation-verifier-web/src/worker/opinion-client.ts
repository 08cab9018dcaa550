import type { Supply, TrustAuthorityAnswer } from "@mero-tee/appraisal";
import { toBase64 } from "@mero-tee/tdx-quote/base64";
import { toPlainJson } from "@mero-tee/tdx-quote/json";
import { object, text } from "@mero-tee/tdx-quote/json-shape";

import { getFromApi, postToApi } from "./api-client.ts";

const APPRAISED = object({ ita_token: text });

/** The token of a second opinion with the keys that it is verified with, which the API has, too. */
export async function withKeys(token: string): Promise<Supply<TrustAuthorityAnswer>> {
  const keys = await getFromApi("/api/ita/keys");
  if (!keys.ok) return { status: "unavailable", reason: "The keys of Intel Trust Authority did not come" };
  return {
    status: "given",
    value: { token, keySet: JSON.stringify(toPlainJson(keys.value.json)) },
    source: "Intel Trust Authority, through this site's API",
  };
}

/** Has Intel Trust Authority asked for its opinion on a quote. */
export async function fetchOpinion(quote: Uint8Array): Promise<Supply<TrustAuthorityAnswer>> {
  const asked = await postToApi("/api/ita/appraise", { quote_b64: toBase64(quote) });
  const read = asked.ok ? APPRAISED(asked.value.json) : asked;
  return read.ok ? await withKeys(read.value.ita_token) : NO_TOKEN;
}

/** What there is to say where no token came. */
export const NO_TOKEN: Supply<never> = { status: "unavailable", reason: "Intel Trust Authority gave no token" };
