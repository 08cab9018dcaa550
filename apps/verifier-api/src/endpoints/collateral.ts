import { ok } from "@mero-tee/tdx-quote/result";
import { type CollateralService, freshSeconds } from "../collateral/collateral-service.ts";
import { type Handle, jsonAnswer, NO_STORE } from "../http/call.ts";
import { refuse } from "../problem.ts";

/** `GET /api/collateral`: Intel's collateral for a platform. */
export function createCollateral(collateral: CollateralService, nowMs: () => number): Handle {
  return async ({ url }) => {
    const [fmspc = "", ca, update] = ["fmspc", "ca", "update"].map((name) => url.searchParams.get(name) ?? undefined);
    if (!/^[0-9a-fA-F]{12}$/.test(fmspc)) return refuse("bad_query", "fmspc is 12 hex digits.");
    if (ca !== "platform" && ca !== "processor") return refuse("bad_query", "ca is platform or processor.");
    if (update !== undefined && update !== "standard" && update !== "early") {
      return refuse("bad_query", "update is standard or early.");
    }
    const set = await collateral.fetch({ fmspc: fmspc.toLowerCase(), ca, update: update ?? "standard" });
    if (!set.ok) return set;
    const seconds = freshSeconds(set.value, nowMs());
    const isLasting = !set.value.stale && seconds > 0;
    return ok(jsonAnswer(set.value, isLasting ? `public, max-age=${seconds}` : NO_STORE));
  };
}
