import type { QuoteView } from "@mero-tee/tdx-quote";

import type { Paint } from "./paint.ts";
import { table, type Row } from "./table.ts";

/** The fields that people compare first, in their order. */
const MEASUREMENTS = ["mrtd", "rtmr0", "rtmr1", "rtmr2", "rtmr3"] as const;

/** What the TD and its platform are, besides the measurements. */
const PLATFORM_FIELDS = [
  ["TEE TCB SVN", "teeTcbSvn"],
  ["TEE TCB SVN 2", "teeTcbSvn2"],
  ["MRSEAM", "mrSeam"],
  ["MRSIGNERSEAM", "mrSignerSeam"],
  ["SEAM attributes", "seamAttributes"],
  ["TD attributes", "tdAttributes"],
  ["XFAM", "xfam"],
  ["MRCONFIGID", "mrConfigId"],
  ["MROWNER", "mrOwner"],
  ["MROWNERCONFIG", "mrOwnerConfig"],
  ["MRSERVICETD", "mrServiceTd"],
  ["QE vendor", "qeVendorId"],
] as const satisfies readonly (readonly [string, keyof QuoteView])[];

/** The measurement registers, as a table. */
export function measurementTable(quote: QuoteView, paint: Paint): string {
  return (
    `${paint.strong("Measurements")}\n` +
    table(MEASUREMENTS.map((name): Row => [name.toUpperCase(), shown(quote[name], paint)]))
  );
}

/** The report data: 64 bytes that the TD chose, in two halves, as both planes of key release use them. */
export function reportDataTable(quote: QuoteView, paint: Paint): string {
  return (
    `${paint.strong("Report data")}\n` +
    table([
      ["bytes 0..31", shown(quote.reportData.slice(0, 64), paint)],
      ["bytes 32..63", shown(quote.reportData.slice(64), paint)],
    ])
  );
}

/** Everything that a quote says, as tables. */
export function quoteText(quote: QuoteView, paint: Paint): string {
  const platform = PLATFORM_FIELDS.flatMap(([label, name]): readonly Row[] => {
    const value = quote[name];
    return value === undefined ? [] : [[label, shown(value, paint)]];
  });
  return [
    `${paint.strong("TDX quote")}  version ${quote.version}, TD report ${quote.tdVersion}\n`,
    measurementTable(quote, paint),
    reportDataTable(quote, paint),
    `${paint.strong("TD and platform")}\n${table(platform)}`,
  ].join("\n");
}

/** A register nobody extended reads better dimmed than as 96 bright zeros. */
function shown(hex: string, paint: Paint): string {
  return /^0+$/.test(hex) ? paint.dim(hex) : hex;
}
