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
import type { ReferenceSource } from "./reference-client.ts";
import { fetchReleases } from "./release-client.ts";

/**
 * Fetches from one source again, for evidence that is here: the challenge was answered, and nobody is asked anew.
 *
 * @param reference - where reference data comes from
 * @param now - Unix seconds: what is fetched may be younger than the first try
 * @returns the same request with what came, or once more without it
 */
export async function fetchAgain(
  request: AppraisalRequest,
  source: Source,
  { rootCa }: Anchors,
  reference: ReferenceSource,
  now: number,
): Promise<AppraisalRequest> {
  const { quote } = recogniseInputs(request.inputs).evidence;
  if (quote === null) return request;
  const otherClock = request.otherClock === null ? null : request.otherClock + (now - request.now);
  const present = { ...request, now, otherClock };
  const options = { now, rootCa, source: reference, reach: "network" } as const;
  switch (source) {
    case "collateral": {
      const collateral = await fetchCollateral(quote, "standard", options);
      // Both come from one source; what is there already stays.
      const lacksEarly = request.earlyCollateral.status === "unavailable" && collateral.status === "given";
      const early = lacksEarly ? await fetchCollateral(quote, "early", options) : request.earlyCollateral;
      return { ...present, collateral, earlyCollateral: early };
    }
    case "early-collateral":
      return { ...present, earlyCollateral: await fetchCollateral(quote, "early", options) };
    case "releases": {
      const kind = request.kind ?? attesterKindOf(request.inputs) ?? "node";
      const texts = request.inputs.map(({ bytes }) => new TextDecoder().decode(bytes));
      const seemsToFit = likelyRelease(kind, quote, texts.join("\n"));
      return {
        ...present,
        releases: await fetchReleases({ kind, tag: request.tag, seemsToFit, source: reference, reach: "network" }),
      };
    }
    case "opinion":
      return { ...present, trustAuthority: await fetchOpinion(quote) };
  }
}
