/** When something is valid, both ends included, in Unix seconds. */
export interface ValidityWindow {
  readonly notBefore: number;
  readonly notAfter: number;
}

/** The time in which all of them are valid; empty (`notBefore > notAfter`) when there is none. */
export function intersectWindows(windows: readonly ValidityWindow[]): ValidityWindow {
  return {
    notBefore: Math.max(...windows.map((window) => window.notBefore)),
    notAfter: Math.min(...windows.map((window) => window.notAfter)),
  };
}

/** Whether `now` lies within a window. */
export function isWithin({ notBefore, notAfter }: ValidityWindow, now: number): boolean {
  return notBefore <= now && now <= notAfter;
}
