import type { TrustAuthorityAnswer } from "@mero-tee/appraisal";
import { parseServiceBase } from "@mero-tee/release-artifacts";
import { toBase64 } from "@mero-tee/tdx-quote/base64";
import { isJsonObject, toPlainJson } from "@mero-tee/tdx-quote/json";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

import { type Environment, readVariable } from "./environment.ts";
import type { HttpPort } from "./http-client.ts";
import { exchangeJson } from "./json-client.ts";

/** How Intel Trust Authority is asked. */
export interface TrustAuthoritySettings {
  readonly apiKey: string;
  readonly appraisalUrl: string;
  /** Address of its portal, without a slash at its end: whose tokens count, and where their keys are. */
  readonly portalUrl: string;
  readonly policyIds: readonly string[];
  readonly policyMustMatch: boolean;
}

const APPRAISAL_URL = "https://api.trustauthority.intel.com/appraisal/v2/attest";
const PORTAL_URL = "https://portal.trustauthority.intel.com";
/** What a header carries as it is. Of anything else the transport would say what it was. */
const API_KEY = /^[\x21-\x7e]{1,4096}$/;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * Reads how Intel Trust Authority is asked.
 *
 * Errors: one sentence about the variable that is missing or malformed.
 */
export function readTrustAuthoritySettings(environment: Environment): Result<TrustAuthoritySettings, string> {
  const read = (name: Parameters<typeof readVariable>[1]): string | null => readVariable(environment, name) || null;
  const apiKey = read("ITA_API_KEY");
  if (apiKey === null) return err("Intel Trust Authority is asked with a key: set ITA_API_KEY.");
  if (!API_KEY.test(apiKey)) return err("ITA_API_KEY is not ASCII without blanks.");
  // The key travels with the question: by https, or not past this machine. What the addresses hold is shown, so no password.
  const appraisalUrl = parseServiceBase(read("ITA_APPRAISAL_URL") ?? APPRAISAL_URL);
  const portalUrl = parseServiceBase(read("ITA_PORTAL_URL") ?? PORTAL_URL);
  if (!appraisalUrl.ok) return err(`ITA_APPRAISAL_URL ${appraisalUrl.error}.`);
  if (!portalUrl.ok) return err(`ITA_PORTAL_URL ${portalUrl.error}.`);
  const policyIds = read("ITA_POLICY_IDS")?.split(",") ?? [];
  if (!policyIds.every((id) => UUID.test(id))) return err("ITA_POLICY_IDS is no comma list of UUIDs.");
  const mustMatch = read("ITA_POLICY_MUST_MATCH") ?? "false";
  if (mustMatch !== "true" && mustMatch !== "false") return err("ITA_POLICY_MUST_MATCH is neither true nor false.");
  return ok({
    apiKey,
    appraisalUrl: appraisalUrl.value,
    portalUrl: portalUrl.value,
    policyIds,
    policyMustMatch: mustMatch === "true",
  });
}

/**
 * Asks Intel Trust Authority about a quote, then for the keys of its tokens. Nothing of the answer is verified.
 *
 * Errors: why there is no opinion, as a clause.
 * Source: Intel Trust Authority REST API v2, attest; its portal, certificates.
 */
export async function askTrustAuthority(
  fetch: HttpPort,
  settings: TrustAuthoritySettings,
  quote: Uint8Array,
): Promise<Result<TrustAuthorityAnswer, string>> {
  const { apiKey, appraisalUrl, portalUrl, policyIds, policyMustMatch } = settings;
  const asked = await exchangeJson(fetch, {
    url: appraisalUrl,
    headers: { "x-api-key": apiKey },
    body: {
      tdx: { quote: toBase64(quote) },
      policy_ids: policyIds,
      policy_must_match: policyMustMatch,
      token_signing_alg: "PS384",
    },
  });
  if (!asked.ok) return asked;
  const { status, value } = asked.value;
  const token = status === 200 && isJsonObject(value) ? value.get("token") : null;
  if (typeof token !== "string") return err(`it answered with status ${status} and no token`);
  const keys = await exchangeJson(fetch, { url: `${portalUrl}/certs` });
  if (!keys.ok) return keys;
  if (keys.value.status !== 200) return err(`its keys were answered with status ${keys.value.status}`);
  return ok({ token, keySet: JSON.stringify(toPlainJson(keys.value.value)) });
}
