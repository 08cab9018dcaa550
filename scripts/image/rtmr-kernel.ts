import { Refusal } from "../script-outcome.ts";

/** First kernel with the RTMR files of the TDX guest device. Source: Linux, Documentation/ABI/testing/sysfs-devices-virtual-misc-tdx_guest. */
const FIRST = [6, 16] as const;

/** Refuses a kernel under which no image could extend RTMR3. */
export function requireRtmrKernel(version: string): void {
  const [major = 0, minor = 0] = version.split(".").map((part) => Number.parseInt(part, 10));
  if (major > FIRST[0] || (major === FIRST[0] && minor >= FIRST[1])) return;
  throw new Refusal(`Linux ${version} cannot extend RTMR3: that takes ${FIRST.join(".")} or later`);
}
