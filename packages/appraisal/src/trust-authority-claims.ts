import { parseTcbStatus } from "@mero-tee/policy";
import type { QuoteView, TdReport } from "@mero-tee/tdx-quote";
import { isJsonObject, type JsonValue } from "@mero-tee/tdx-quote/json";

/** Claims that say which machine a token is about, with the field of the quote that each must equal. */
const IDENTITY_CLAIMS: readonly (readonly [claim: string, field: keyof TdReport])[] = [
  ["tdx_mrtd", "mrtd"],
  ["tdx_rtmr0", "rtmr0"],
  ["tdx_rtmr1", "rtmr1"],
  ["tdx_rtmr2", "rtmr2"],
  ["tdx_rtmr3", "rtmr3"],
  ["tdx_report_data", "reportData"],
  ["tdx_td_attributes", "tdAttributes"],
];

/** Claims about the same machine that need not be there. */
const FURTHER_CLAIMS: readonly (readonly [claim: string, field: keyof TdReport])[] = [
  ["tdx_mrseam", "mrSeam"],
  ["tdx_mrsignerseam", "mrSignerSeam"],
  ["tdx_mrconfigid", "mrConfigId"],
  ["tdx_mrowner", "mrOwner"],
  ["tdx_mrownerconfig", "mrOwnerConfig"],
  ["tdx_xfam", "xfam"],
];

/** The claim that names the patch level. */
export const STATUS_CLAIM = "attester_tcb_status";

/** One claim beside the quote. */
interface ComparedClaim {
  readonly claim: string;
  /** Null: absent from the token. */
  readonly claimed: string | null;
  readonly quoted: string;
  readonly agrees: boolean;
}

/** What a token says, beside the quote. */
export interface ClaimComparison {
  readonly claims: readonly ComparedClaim[];
  readonly missing: readonly string[];
  readonly differing: readonly string[];
  readonly isDebuggable: boolean;
  /** As Intel spells it; a word that nobody knows as it came. Null: absent. */
  readonly tcbStatus: string | null;
  /** Where the status stands among the claims, and how it is spelled there. Null: absent. */
  readonly tcbStatusClaim: { readonly path: string; readonly raw: string } | null;
  /** Null: the token does not say which baseline it was judged by. */
  readonly evaluationDataNumber: number | null;
  readonly advisoryIds: readonly string[];
  readonly matchedPolicies: readonly string[];
  readonly unmatchedPolicies: readonly string[];
}

/**
 * Compares the claims of a verified token with a quote. Claims are read by exact name, under `tdx` (version 2) or flat
 * (version 1), and never used to fill in what a quote does not say.
 *
 * Source: Intel Trust Authority, attestation token claims for TDX.
 */
export function compareClaims(token: ReadonlyMap<string, JsonValue>, view: QuoteView): ClaimComparison {
  const nested = token.get("tdx");
  const holder = isJsonObject(nested) ? nested : token;
  const compare = ([claim, field]: readonly [string, keyof TdReport]): ComparedClaim => {
    const value = holder.get(claim);
    const claimed = typeof value === "string" ? value.toLowerCase().replace(/^0x/, "") : null;
    const quoted = view[field] ?? "";
    return { claim, claimed, quoted, agrees: claimed === quoted };
  };
  const identity = IDENTITY_CLAIMS.map(compare);
  const claims = [...identity, ...FURTHER_CLAIMS.map(compare)];
  const both = (claim: string): readonly string[] => [...textsOf(token.get(claim)), ...textsOf(holder.get(claim))];
  const status = holder.get(STATUS_CLAIM);
  return {
    claims,
    missing: [
      ...identity.flatMap(({ claim, claimed }) => (claimed === null ? [claim] : [])),
      ...(typeof status === "string" ? [] : [STATUS_CLAIM]),
    ],
    differing: claims.flatMap(({ claim, claimed, agrees }) => (claimed !== null && !agrees ? [claim] : [])),
    isDebuggable: holder.get("tdx_is_debuggable") === true || isEnabled(holder.get("dbgstat") ?? token.get("dbgstat")),
    tcbStatus: typeof status === "string" ? spelled(status) : null,
    tcbStatusClaim:
      typeof status === "string" ? { path: `$.${holder === token ? "" : "tdx."}${STATUS_CLAIM}`, raw: status } : null,
    evaluationDataNumber: baselineOf(holder),
    advisoryIds: textsOf(holder.get("attester_advisory_ids")),
    matchedPolicies: both("policy_ids_matched"),
    unmatchedPolicies: both("policy_ids_unmatched"),
  };
}

function spelled(status: string): string {
  const parsed = parseTcbStatus(status);
  return parsed.ok ? parsed.value : status;
}

function isEnabled(value: JsonValue | undefined): boolean {
  return typeof value === "string" && value.startsWith("enabled");
}

function baselineOf(holder: ReadonlyMap<string, JsonValue>): number | null {
  const collateral = holder.get("tdx_collateral") ?? holder.get("collateral");
  const value = isJsonObject(collateral) ? collateral.get("tcb_evaluation_data_number") : undefined;
  return typeof value === "object" && value !== null && "kind" in value ? value.value : null;
}

/** A list of texts, or of objects that carry an id. */
function textsOf(value: JsonValue | undefined): readonly string[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((each) => {
    const id: unknown = isJsonObject(each) ? each.get("id") : each;
    return typeof id === "string" ? [id] : [];
  });
}
