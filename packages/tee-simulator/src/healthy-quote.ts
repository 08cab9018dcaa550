import { hexToBytes } from "@noble/hashes/utils.js";
import { quoteRecipe } from "./base-quote.ts";
import { buildLogs, type GuestLogs, type IssuedQuote } from "./evidence.ts";
import type { Sign } from "./key-ring.ts";
import { measureBoot } from "./measured-boot.ts";
import { buildQuote, type QuoteRecipe } from "./quote.ts";
import type { TdReportField } from "./quote-layout.ts";
import type { PlatformParameters, QuoteRequest } from "./recipe.ts";

/** Fields of the TD report in hex. */
export type ReportOverrides = Partial<Record<TdReportField, string>>;

/**
 * Issues flawless quotes of one platform at the price of one signature: its certificates and the logs of its six kinds
 * of guest are built once. Load tests and benches ask for thousands.
 */
export function createHealthyIssuer(
  parameters: PlatformParameters,
  certificationData: Uint8Array,
  sign: Sign,
): (request: QuoteRequest, report: ReportOverrides) => IssuedQuote {
  const known = new Map<string, GuestLogs>();
  const logsOf = ({ role, profile, runtimeEvents }: QuoteRequest): GuestLogs => {
    const boot = measureBoot(role, profile);
    if (runtimeEvents !== undefined) return buildLogs({ bootEvents: boot.bootEvents, runtimeEvents });
    const name = `${role} ${profile}`;
    const logs = known.get(name) ?? buildLogs(boot);
    known.set(name, logs);
    return { ...logs, ccel: logs.ccel.slice() };
  };
  return (request, report) => {
    const quote = quoteRecipe(parameters, request);
    overrideReport(quote, report);
    return { quote: buildQuote(quote, certificationData, sign).bytes, ...logsOf(request) };
  };
}

/** Puts fields into the TD report; one that does not exist, or has another size, is a `RangeError`. */
export function overrideReport({ report }: QuoteRecipe, overrides: ReportOverrides): void {
  for (const [field, hex] of Object.entries(overrides)) {
    const value = hexToBytes(hex);
    if (!isReportField(report, field)) throw new RangeError(`the TD report has no field ${field}`);
    if (report[field].length !== value.length) throw new RangeError(`${field} is ${report[field].length} bytes`);
    report[field] = value;
  }
}

function isReportField(report: QuoteRecipe["report"], field: string): field is TdReportField {
  return Object.hasOwn(report, field);
}
