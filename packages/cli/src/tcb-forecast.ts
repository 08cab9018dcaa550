import {
  encodeCollateral,
  forecastTcb,
  parseCollateral,
  type Collateral,
  type Failure,
  type VerifiedQuote,
} from "@mero-tee/tdx-quote";
import type { Result } from "@mero-tee/tdx-quote/result";

import { fetchCollateralFor } from "./collateral-source.ts";
import type { Ports } from "./context.ts";
import { refusalOfEvidence } from "./failure-view.ts";
import { viewForecast, type ForecastFields } from "./forecast-view.ts";

/** What a forecast is made from. */
export interface ForecastRequest {
  readonly verified: VerifiedQuote;
  /** Unix seconds: the instant of the verdict. */
  readonly now: number;
  /** DER; absent: Intel's root. */
  readonly rootCa?: Uint8Array;
  /** Base address of the service to ask; absent: Intel's PCS. */
  readonly serviceUrl?: string;
  /** The early bundle, where it was given instead of a service. */
  readonly bundle: Uint8Array | null;
}

async function obtainEarly(ports: Ports, request: ForecastRequest): Promise<Result<Collateral, Failure>> {
  const { verified, bundle, ...source } = request;
  if (bundle !== null) return parseCollateral(bundle);
  const fetched = await fetchCollateralFor(ports, { ...source, quote: verified.quote, update: "early" });
  return fetched.ok ? parseCollateral(encodeCollateral(fetched.value)) : fetched;
}

/** Makes the forecast of a verified quote. Whatever goes wrong with it is told beside the verdict and leaves that alone. */
export async function forecastOf(ports: Ports, request: ForecastRequest): Promise<ForecastFields> {
  const early = await obtainEarly(ports, request);
  const { verified, ...options } = request;
  const forecast = early.ok ? await forecastTcb(verified, early.value, options) : early;
  return forecast.ok
    ? { forecast: viewForecast(forecast.value), forecastFailure: null }
    : { forecast: null, forecastFailure: refusalOfEvidence(forecast.error).view };
}
