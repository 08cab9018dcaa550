import type { QuoteView, TdReport } from "@mero-tee/tdx-quote";
import { isJsonObject, type JsonValue } from "@mero-tee/tdx-quote/json";

/** A value beside a quote that repeats something the quote contains. A claim of the sender: shown, compared, never used. */
export interface SideField {
  /** Where it stood. */
  readonly name: string;
  readonly field: keyof TdReport;
  /** As it came, but for case and `0x`. */
  readonly value: string;
}

/** Names that senders use for fields of a TD report, without case and underscores. */
const FIELD_NAMES: ReadonlyMap<string, keyof TdReport> = new Map([
  ["reportdatahex", "reportData"],
  ["reportdata", "reportData"],
  ["teetcbsvn", "teeTcbSvn"],
  ["mrseam", "mrSeam"],
  ["mrsignerseam", "mrSignerSeam"],
  ["seamattributes", "seamAttributes"],
  ["tdattributes", "tdAttributes"],
  ["xfam", "xfam"],
  ["mrtd", "mrtd"],
  ["mrconfigid", "mrConfigId"],
  ["mrowner", "mrOwner"],
  ["mrownerconfig", "mrOwnerConfig"],
  ["rtmr0", "rtmr0"],
  ["rtmr1", "rtmr1"],
  ["rtmr2", "rtmr2"],
  ["rtmr3", "rtmr3"],
  ["teetcbsvn2", "teeTcbSvn2"],
  ["mrservicetd", "mrServiceTd"],
]);

const HEX = /^(?:0x)?([0-9a-f]+)$/i;

/** Finds side fields in an answer: its own members, and those of the parsed body that a node puts beside its quote. */
export function readSideFields(answer: ReadonlyMap<string, JsonValue>): readonly SideField[] {
  const quote = answer.get("quote");
  const body = isJsonObject(quote) ? quote.get("body") : undefined;
  return [
    ...fieldsOf(answer, ""),
    ...(isJsonObject(quote) ? fieldsOf(quote, "quote.") : []),
    ...(isJsonObject(body) ? fieldsOf(body, "quote.body.") : []),
  ];
}

function fieldsOf(holder: ReadonlyMap<string, JsonValue>, path: string): readonly SideField[] {
  return [...holder].flatMap(([key, value]) => {
    const field = FIELD_NAMES.get(key.replaceAll("_", "").toLowerCase());
    if (field === undefined || typeof value !== "string") return [];
    const hex = HEX.exec(value)?.[1];
    return [{ name: `${path}${key}`, field, value: hex?.toLowerCase() ?? value }];
  });
}

/** Side fields that say something else than the quote. */
export function contradictions(fields: readonly SideField[], quote: QuoteView): readonly SideField[] {
  return fields.filter(({ field, value }) => quote[field] !== value);
}
