import { boundedBody, reasonOf } from "../../packages/cli/src/json-client.ts";
import { ENDORSEMENT_LIMIT_BYTES } from "../../packages/release-artifacts/src/index.ts";
import { StoppedLane, stopLane } from "../release/lane-stop.ts";
import { keep, type Probe } from "./probe.ts";

/** Where Google publishes what it signed about the firmware of its machines. Source: Google Cloud, verify a Confidential VM's firmware. */
const ENDORSEMENTS = "https://storage.googleapis.com/gce_tcb_integrity/ovmf_x64_csm/tdx";
const TIMEOUT_MS = 30_000;

/**
 * Keeps Google's launch endorsement of an MRTD, for rule M-10 to judge. Firmware that has none stops the probe: nobody could say what
 * ran before the image.
 */
export async function keepLaunchEndorsement(probe: Pick<Probe, "fetch" | "out">, mrtd: string): Promise<void> {
  const name = `${mrtd}.binarypb`;
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const url = `${ENDORSEMENTS}/${name}`;
  try {
    const answer = await probe.fetch(url, { method: "GET", headers: {}, redirect: "manual", signal });
    const body = await boundedBody(answer, ENDORSEMENT_LIMIT_BYTES);
    if (answer.status === 404) stopLane("probe-refused", `Google endorses no firmware of MRTD ${mrtd}.`, ["M-10"]);
    if (answer.status !== 200 || body === null)
      stopLane("probe-unreachable", `${url} answered with status ${answer.status}, or with too much.`);
    await keep(probe, name, body);
  } catch (error) {
    if (error instanceof StoppedLane) throw error;
    stopLane("probe-unreachable", `${url}: ${reasonOf(error, TIMEOUT_MS)}.`);
  }
}
