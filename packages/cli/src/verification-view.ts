import type { PolicyDecision } from "@mero-tee/policy";
import {
  formatRfc3339Utc,
  type Failure,
  type QuoteView,
  type TcbJudgement,
  type TcbStatus,
  type VerifiedQuote,
} from "@mero-tee/tdx-quote";

import { forecastText, NO_FORECAST, shortRows, type ForecastFields } from "./forecast-view.ts";
import type { Paint } from "./paint.ts";
import { policyDecisionText } from "./policy-decision-view.ts";
import { printable } from "./printable.ts";
import { measurementTable, reportDataTable } from "./quote-view.ts";
import type { SecondOpinionView } from "./second-opinion.ts";
import { cell, grid, table, type Row } from "./table.ts";

/** The fields of `quote verify`, in the order in which they are printed. What a failure kept from being known is null or []. */
export interface VerificationFields extends Partial<ForecastFields> {
  readonly verified: boolean;
  readonly trustAnchor: "intel" | "custom";
  readonly tcbStatus: TcbStatus | null;
  readonly advisoryIds: readonly string[];
  /** RFC 3339: the first moment at which part of the collateral is no longer current. */
  readonly earliestExpiration: string | null;
  readonly fmspc: string | null;
  readonly quote: QuoteView | null;
  readonly policy: PolicyDecision | null;
  /** Where one was asked for; null where there is none. */
  readonly secondOpinion?: SecondOpinionView | null;
}

/**
 * Where every verification starts: nothing is known but whom it would trust.
 *
 * @param isForecastAsked - whether the document has the fields of a forecast
 * @param isOpinionAsked - whether it has that of a second opinion
 */
export function nothingKnown(
  trustAnchor: VerificationFields["trustAnchor"],
  isForecastAsked: boolean,
  isOpinionAsked = false,
): VerificationFields {
  return {
    verified: false,
    trustAnchor,
    tcbStatus: null,
    advisoryIds: [],
    earliestExpiration: null,
    fmspc: null,
    quote: null,
    policy: null,
    ...(isForecastAsked ? NO_FORECAST : {}),
    ...(isOpinionAsked ? { secondOpinion: null } : {}),
  };
}

/** What a refused quote still tells: a revoked platform, say, has a status and advisories like any other. */
export function knownAfterFailure(known: VerificationFields, failure: Failure): VerificationFields {
  const { judgement } = failure;
  if (judgement === undefined) return known;
  return { ...known, tcbStatus: judgement.tcbStatus, advisoryIds: judgement.advisoryIds };
}

/** What a verified quote tells. */
export function knownOfVerified(known: VerificationFields, verified: VerifiedQuote): VerificationFields {
  return {
    ...known,
    verified: true,
    trustAnchor: verified.trustAnchor,
    tcbStatus: verified.tcbStatus,
    advisoryIds: verified.advisoryIds,
    earliestExpiration: formatRfc3339Utc(verified.earliestExpiration),
    fmspc: verified.fmspc,
  };
}

/** A verification for people. */
export interface VerificationView {
  readonly fields: VerificationFields;
  /** Oddities that are no refusal. */
  readonly warnings?: VerifiedQuote["warnings"];
  /** Statuses of the parts, where verification came that far. */
  readonly judgement: TcbJudgement | null;
  /** Which TCB recovery the collateral belongs to, where the quote was verified. */
  readonly tcbEvaluationDataNumber?: VerifiedQuote["tcbEvaluationDataNumber"];
  /** Instant of judgement, Unix seconds. */
  readonly now: number;
}

/** A verification for people: the verdict first, then what it stands on. */
export function verificationText(view: VerificationView, paint: Paint): string {
  const { fields, judgement } = view;
  const sections: string[] = [];
  if (fields.verified) sections.push(headline(fields, paint));
  if (fields.verified || fields.fmspc !== null) sections.push(evidenceTable(view, paint));
  if (judgement !== null) sections.push(tcbGrid(judgement, paint));
  const forecast = forecastText({ ...NO_FORECAST, ...fields }, view.tcbEvaluationDataNumber ?? null, paint);
  if (forecast !== "") sections.push(forecast);
  if (fields.secondOpinion != null) sections.push(opinionTable(fields.secondOpinion, paint));
  if (fields.quote !== null) sections.push(measurementTable(fields.quote, paint), reportDataTable(fields.quote, paint));
  if (fields.policy !== null)
    sections.push(`${paint.strong("Policy")}  ${policyDecisionText(fields.policy, "this quote", paint)}`);
  return sections.join("\n");
}

const ANCHORS = {
  intel: "Intel SGX Root CA",
  custom: "the root CA given with --root-ca, not Intel's",
} as const;

function headline(fields: VerificationFields, paint: Paint): string {
  const status = fields.tcbStatus === "UpToDate" ? paint.good(fields.tcbStatus) : paint.warn(String(fields.tcbStatus));
  return `${paint.good("✓ Verified")}  a genuine TDX quote, TCB status ${status}\n`;
}

function evidenceTable({ fields, now, warnings = [] }: VerificationView, paint: Paint): string {
  const anchor = ANCHORS[fields.trustAnchor];
  const rows: Row[] = [["trust anchor", fields.trustAnchor === "intel" ? anchor : paint.warn(anchor)]];
  if (fields.fmspc !== null) rows.push(["FMSPC", fields.fmspc]);
  rows.push(["judged as of", formatRfc3339Utc(now)]);
  if (fields.earliestExpiration !== null) rows.push(["collateral until", fields.earliestExpiration]);
  if (fields.tcbStatus !== null) {
    rows.push(["advisories", fields.advisoryIds.length === 0 ? "none" : fields.advisoryIds.join(", ")]);
  }
  if (warnings.length > 0) rows.push(["unusual", paint.warn(warnings.join(", "))]);
  return `${paint.strong("Evidence")}\n${table(rows)}`;
}

function opinionTable(
  { tcbStatus, advisoryIds, issuer, issuedAt, expiresAt }: SecondOpinionView,
  paint: Paint,
): string {
  return `${paint.strong("Second opinion")}\n${table([
    ["issuer", issuer],
    ["TCB status", printable(tcbStatus ?? "none")],
    ["advisories", advisoryIds.length === 0 ? "none" : printable(advisoryIds.join(", "))],
    ["valid", `${issuedAt} to ${expiresAt}`],
  ])}`;
}

function tcbGrid(judgement: TcbJudgement, paint: Paint): string {
  const status = (text: string | null): ReturnType<typeof cell> => {
    const plain = text ?? "not rated";
    return { plain, styled: plain === "UpToDate" ? paint.good(plain) : paint.warn(plain) };
  };
  const parts = grid(
    ["part", "status"],
    [
      [cell("platform"), status(judgement.tcbLevelStatus)],
      [cell("SGX components alone"), status(judgement.sgxLevelStatus)],
      [cell("TDX module"), status(judgement.tdxModuleStatus)],
      [cell("quoting enclave"), status(judgement.qeStatus)],
    ],
  );
  const missing = judgement.short.length === 0 ? "" : `\n${paint.strong("Security versions that fall short")}\n`;
  return `${paint.strong("TCB")}\n${parts}${missing}${table(shortRows(judgement.short))}`;
}
