import {
  type Anchors,
  type AppraisalRequest,
  attesterKindOf,
  likelyRelease,
  recogniseInputs,
} from "@mero-tee/appraisal";

import { fetchCollateral } from "./collateral-client.ts";
import { fetchOpinion } from "./opinion-client.ts";
import type { Source } from "./protocol.ts";
import { fetchReleases } from "./release-client.ts";

/**
 * Fetches from one source again, for evidence that is here: the challenge was answered, and nobody is asked anew.
 *
 * @param now - Unix seconds: what is fetched may be younger than the first try
 * @returns the same request with what came, or once more without it
 */
export async function fetchAgain(
  request: AppraisalRequest,
  source: Source,
  { rootCa }: Anchors,
  now: number,
): Promise<AppraisalRequest> {
  const { quote } = recogniseInputs(request.inputs).evidence;
  if (quote === null) return request;
  const otherClock = request.otherClock === null ? null : request.otherClock + (now - request.now);
  const present = { ...request, now, otherClock };
  switch (source) {
    case "collateral": {
      const collateral = await fetchCollateral(quote, "standard", { now, rootCa });
      // Both come from one source; what is there already stays.
      const lacksEarly = request.earlyCollateral.status === "unavailable" && collateral.status === "given";
      const early = lacksEarly ? await fetchCollateral(quote, "early", { now, rootCa }) : request.earlyCollateral;
      return { ...present, collateral, earlyCollateral: early };
    }
    case "early-collateral":
      return { ...present, earlyCollateral: await fetchCollateral(quote, "early", { now, rootCa }) };
    case "releases": {
      const kind = request.kind ?? attesterKindOf(request.inputs) ?? "node";
      const texts = request.inputs.map(({ bytes }) => new TextDecoder().decode(bytes));
      const seemsToFit = likelyRelease(kind, quote, texts.join("\n"));
      return { ...present, releases: await fetchReleases(kind, request.tag, seemsToFit) };
    }
    case "opinion":
      return { ...present, trustAuthority: await fetchOpinion(quote) };
  }
}
