import { collateralPath } from "./collateral-client.ts";
import type { Outcome } from "./protocol.ts";
import type { ReferenceSource } from "./reference-client.ts";

/** Where the files of one release, and what is said about all of them, stand. */
const RELEASE_PATH = /^\/api\/(?:(?:policy|node-policy|compat-map)\?tag=(?<tag>[^&]+)&|releases\?|catalog$)/;

/**
 * Has kept what a check was judged with, as far as it held: reference data whose signatures are good, and the signed files of
 * the release. Neither the evidence, nor the address, nor the challenge is ever among it.
 */
export async function keepWhatHeld({ report, request }: Outcome, source: ReferenceSource, now: number): Promise<void> {
  const holds = (id: string): boolean => report.steps.some((step) => step.id === id && step.status === "pass");
  const { platform, release } = report.facts;
  const isCurrent = holds("dcap.collateral");
  if (isCurrent && platform !== null && request.origin === "live") {
    // Those of a live check came with the machine's answer.
    const { collateral, earlyCollateral } = request;
    if (collateral.status === "given") source.note(collateralPath(platform, "standard"), collateral.value);
    if (earlyCollateral.status === "given") source.note(collateralPath(platform, "early"), earlyCollateral.value);
  }
  const isSigned = holds("rel.sigstore") && release?.tag != null;
  await source.keep((path) => {
    if (path.startsWith("/api/collateral?")) return isCurrent;
    const found = RELEASE_PATH.exec(path);
    const tag = found?.groups?.["tag"];
    return isSigned && found !== null && (tag === undefined || decodeURIComponent(tag) === release.tag);
  }, now);
}
