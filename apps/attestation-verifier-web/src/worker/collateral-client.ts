import type { Supply } from "@mero-tee/appraisal";
import { parseQuote, type PlatformModel, verifyPckChain } from "@mero-tee/tdx-quote";
import { toPlainJson } from "@mero-tee/tdx-quote/json";

import type { Reach, ReferenceSource } from "./reference-client.ts";

/** For which instant, under which root, and from where. */
interface CollateralOptions {
  /** Unix seconds. */
  readonly now: number;
  /** DER; absent: Intel's. */
  readonly rootCa?: Uint8Array | undefined;
  readonly source: ReferenceSource;
  readonly reach: Reach;
}

/** Which of Intel's two sets of reference data. */
type Update = "standard" | "early";

/** The path of the API under which reference data of a processor model is. */
export function collateralPath({ fmspc, ca }: Pick<PlatformModel, "fmspc" | "ca">, update: Update): string {
  return `/api/collateral?fmspc=${fmspc}&ca=${ca}&update=${update}`;
}

/** Gets Intel's reference data of a quote's processor model. The quote stays here. */
export async function fetchCollateral(
  quote: Uint8Array<ArrayBuffer>,
  update: Update,
  { now, rootCa, source, reach }: CollateralOptions,
): Promise<Supply<string>> {
  const parsed = parseQuote(quote);
  const options = { now, ...(rootCa === undefined ? {} : { rootCa }) };
  const platform = parsed.ok ? await verifyPckChain(parsed.value, options) : parsed;
  if (!platform.ok) return { status: "absent", reason: "The quote does not say which processor model it is from" };
  const answer = await source.get(collateralPath(platform.value, update), reach);
  if (answer.ok) {
    const { json, age } = answer.value;
    const value = JSON.stringify(toPlainJson(json));
    return { status: "given", value, source: `Intel, through this site's API${age}` };
  }
  return reach === "network"
    ? { status: "unavailable", reason: "Intel's reference data did not come" }
    : { status: "absent", reason: "not among the files" };
}
