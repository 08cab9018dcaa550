import type { Supply } from "@mero-tee/appraisal";
import { parseQuote, verifyPckChain } from "@mero-tee/tdx-quote";
import { toPlainJson } from "@mero-tee/tdx-quote/json";

import { getFromApi } from "./api-client.ts";
import { supplyOf } from "./requests.ts";

/** For which instant, and under which root. */
interface CollateralOptions {
  /** Unix seconds. */
  readonly now: number;
  /** DER; absent: Intel's. */
  readonly rootCa?: Uint8Array | undefined;
}

/** Asks the API for Intel's reference data of a quote's processor model. The quote stays here. */
export async function fetchCollateral(
  quote: Uint8Array<ArrayBuffer>,
  update: "standard" | "early",
  { now, rootCa }: CollateralOptions,
): Promise<Supply<string>> {
  const parsed = parseQuote(quote);
  const options = { now, ...(rootCa === undefined ? {} : { rootCa }) };
  const platform = parsed.ok ? await verifyPckChain(parsed.value, options) : parsed;
  if (!platform.ok) return { status: "absent", reason: "The quote does not say which processor model it is from" };
  const { fmspc, ca } = platform.value;
  const answer = await getFromApi(`/api/collateral?fmspc=${fmspc}&ca=${ca}&update=${update}`);
  const text = answer.ok ? JSON.stringify(toPlainJson(answer.value.json)) : null;
  return supplyOf(text, "Intel, through this site's API", "Intel's reference data did not come");
}
