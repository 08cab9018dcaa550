import type { Report } from "@mero-tee/appraisal";
import { createContext, use } from "react";

import { isShownAsSimulated, withoutPraise } from "./shown-class.ts";

/** How everything inside one report is shown. */
export interface ReportManner {
  readonly isSimulated: boolean;
  /** Wording of a sentence that came with the report. */
  readonly say: (sentence: string) => string;
}

const PLAIN: ReportManner = { isSimulated: false, say: (sentence) => sentence };
const SIMULATED: ReportManner = { isSimulated: true, say: withoutPraise };

export const MannerContext: React.Context<ReportManner> = createContext(PLAIN);

/** How this report is shown. */
export function mannerOf(report: Report): ReportManner {
  return isShownAsSimulated(report) ? SIMULATED : PLAIN;
}

/** How the report around this component is shown. */
export function useManner(): ReportManner {
  return use(MannerContext);
}
