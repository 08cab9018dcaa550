import { useEffect, useState, useSyncExternalStore } from "react";

import { usePage } from "./page.ts";
import type { CheckState } from "./session.ts";

/** Where the check of this tab stands. */
export function useCheck(): CheckState {
  const { session } = usePage();
  return useSyncExternalStore(session.subscribe, session.state);
}

/** The present, Unix milliseconds, as of the last full second; it moves while `isTicking`. */
export function useNow(isTicking: boolean): number {
  const { clock } = usePage();
  const [now, setNow] = useState(clock.nowMs);
  useEffect(() => (isTicking ? clock.everySecond(() => setNow(clock.nowMs())) : undefined), [clock, isTicking]);
  return now;
}
