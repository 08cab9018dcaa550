import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

/** At most `count` requests in `seconds`, then as they drip back; `count` at once. */
export interface Rate {
  readonly count: number;
  readonly seconds: number;
}

const UNIT_SECONDS: ReadonlyMap<string, number> = new Map([
  ["s", 1],
  ["min", 60],
  ["h", 3_600],
  ["day", 86_400],
]);
const RATE = /^(?<count>[1-9][0-9]{0,6})\/(?<times>[1-9][0-9]{0,2})?(?<unit>s|min|h|day)$/;
const MAX_RATES = 4;

/** Parses a comma list of rates: `10/min,100/day`, `900/5min`. There is no way to write "unlimited". */
export function parseRates(text: string): Result<readonly Rate[], string> {
  const rates: Rate[] = [];
  for (const part of text.split(",").map((rate) => rate.trim())) {
    const { count, times = "1", unit = "" } = RATE.exec(part)?.groups ?? {};
    const seconds = Number(times) * (UNIT_SECONDS.get(unit) ?? 0);
    if (count === undefined || seconds === 0) return err("must be a comma list like 10/min,100/day (s, min, h or day)");
    rates.push({ count: Number(count), seconds });
  }
  return rates.length > MAX_RATES ? err(`must have at most ${MAX_RATES} rates`) : ok(rates);
}
