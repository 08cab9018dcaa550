import { formatRfc3339Utc } from "@mero-tee/tdx-quote";

import type { Case } from "../case.ts";
import { info, item, pass, skip, warn } from "../finding.ts";
import type { Finding } from "../step.ts";

/** Furthest that two clocks may be apart, in seconds. */
const CLOCK_TOLERANCE_SECONDS = 300;

/** `env.clock`. */
export function judgeClock({ request: { now, otherClock } }: Case): Finding {
  const own = item("This device", formatRfc3339Utc(now), "user", "time");
  if (otherClock === null) return skip("There was no other clock to compare with.");
  const apart = Math.abs(now - otherClock);
  const evidence = [
    own,
    item("The other clock, in seconds of Unix time", otherClock, "user"),
    item("Seconds apart", apart, "user"),
  ];
  if (apart <= CLOCK_TOLERANCE_SECONDS)
    return pass(`This device's clock and another one are ${apart} seconds apart.`, evidence);
  return warn(
    "clock-implausible",
    `This device's clock is ${apart} seconds from another one; validity was judged by it.`,
    evidence,
  );
}

/** `chan.binding`. */
export function judgeChannel(): Finding {
  return info(
    "No. The evidence proves that such a machine exists and answered; it does not prove that your other traffic to this address ends in it.",
    [],
    "channel-unbound",
  );
}
