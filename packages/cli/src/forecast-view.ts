import type { ShortComponent, TcbForecast, TcbStatus } from "@mero-tee/tdx-quote";

import { refusalOfEvidence, type FailureView } from "./failure-view.ts";
import type { Paint } from "./paint.ts";
import { table, type Row } from "./table.ts";

/** A forecast as it stands in the document of `quote verify`. */
export interface ForecastView {
  /** Null where the platform will get no status; `failure` says why. */
  readonly tcbStatus: TcbStatus | null;
  /** That of the early TCB info. */
  readonly tcbEvaluationDataNumber: number;
  /** That of the early QE identity; another one only during a roll-over. */
  readonly qeTcbEvaluationDataNumber: number;
  readonly short: readonly ShortComponent[];
  /** What will refuse the platform then. */
  readonly failure: FailureView | null;
}

/** The fields that `--forecast` adds; both null where the quote did not verify, exactly one where it did. */
export interface ForecastFields {
  readonly forecast: ForecastView | null;
  /** Why there is none; it takes nothing from `verified`. */
  readonly forecastFailure: FailureView | null;
}

/** The fields of a forecast that was asked for and not made. */
export const NO_FORECAST: ForecastFields = { forecast: null, forecastFailure: null };

/** A forecast for the document. */
export function viewForecast({ tcbStatus, tcbEvaluationDataNumber, short, refusal }: TcbForecast): ForecastView {
  return {
    tcbStatus,
    tcbEvaluationDataNumber: tcbEvaluationDataNumber.tcbInfo,
    qeTcbEvaluationDataNumber: tcbEvaluationDataNumber.qeIdentity,
    short,
    failure: refusal === null ? null : refusalOfEvidence(refusal).view,
  };
}

/** What falls short, one component a line. */
export function shortRows(short: readonly ShortComponent[]): readonly Row[] {
  return short.map(({ component, has, needs }): Row => [component, `has ${has}, needs ${needs}`]);
}

/**
 * A forecast for people.
 *
 * @param today - the numbers of the collateral that counts now; null where there was no verdict, and so no forecast
 */
export function forecastText(
  { forecast, forecastFailure }: ForecastFields,
  today: TcbForecast["tcbEvaluationDataNumber"] | null,
  paint: Paint,
): string {
  const title = paint.strong("Forecast, for the day on which Intel's early collateral becomes the standard one");
  if (forecastFailure !== null) {
    const { message, code } = forecastFailure;
    const rows: Row[] = [
      ["none", paint.warn(message)],
      ["code", code],
      ["more", paint.dim(`docs/errors.md#${code}`)],
    ];
    return `${title}\n${table(rows)}`;
  }
  if (forecast === null || today === null) return "";
  const { tcbStatus, tcbEvaluationDataNumber, qeTcbEvaluationDataNumber, short, failure } = forecast;
  const status = tcbStatus ?? "none";
  const isNew = tcbEvaluationDataNumber > today.tcbInfo || qeTcbEvaluationDataNumber > today.qeIdentity;
  const rows: Row[] = [
    ["TCB status", status === "UpToDate" ? paint.good(status) : paint.warn(status)],
    ["TCB info", `number ${tcbEvaluationDataNumber}, today ${today.tcbInfo}`],
    ["QE identity", `number ${qeTcbEvaluationDataNumber}, today ${today.qeIdentity}`],
    ...(isNew ? [] : [["announced", "nothing new: today's collateral has the same numbers"] as const]),
    ...(failure === null ? [] : [["refused", paint.bad(failure.message)] as const]),
  ];
  const missing = short.length === 0 ? "" : `\n${paint.strong("Security versions that will fall short")}\n`;
  return `${title}\n${table(rows)}${missing}${table(shortRows(short))}`;
}
