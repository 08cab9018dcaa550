import {
  COLLATERAL_LIMIT_BYTES,
  encodeCollateral,
  parseCollateral,
  verifyPckChain,
  type Collateral,
  type CollateralBundle,
  type Failure,
  type TdxQuote,
} from "@mero-tee/tdx-quote";
import { createPcsClient, INTEL_PCS_URL } from "@mero-tee/tdx-quote/collateral";
import { err, type Result } from "@mero-tee/tdx-quote/result";

import type { Ports } from "./context.ts";
import { refusalOfCli, refusalOfEvidence, type Refusal } from "./failure-view.ts";
import { withProgress } from "./output.ts";

/** What collateral is fetched for, and where. */
export interface CollateralRequest {
  readonly quote: TdxQuote;
  /** Unix seconds. */
  readonly now: number;
  /** DER; absent: Intel's root. */
  readonly rootCa?: Uint8Array;
  /** Base address; absent: Intel's PCS. */
  readonly serviceUrl?: string;
  /** Absent: the standard edition. */
  readonly update?: "early";
}

/**
 * Fetches the collateral of a quote's platform. The platform's name counts only once its PCK chain has verified to the
 * root: otherwise a made-up quote decides what is asked for.
 *
 * @returns the bundle; not authenticated yet
 * Errors: those of the PCK chain, and stage `fetch`.
 */
export async function fetchCollateralFor(
  ports: Ports,
  request: CollateralRequest,
): Promise<Result<CollateralBundle, Failure>> {
  const { quote, now, rootCa, serviceUrl = INTEL_PCS_URL, update } = request;
  const platform = await verifyPckChain(quote, { now, ...(rootCa === undefined ? {} : { rootCa }) });
  if (!platform.ok) return platform;
  const client = createPcsClient({
    fetch: ports.fetch,
    baseUrl: serviceUrl,
    kind: serviceUrl === INTEL_PCS_URL ? "pcs" : "pccs",
    // Whoever writes an http address says so; collateral is signed, so what http loses is privacy, not truth.
    allowHttp: serviceUrl.startsWith("http:"),
    ...(update === undefined ? {} : { update }),
  });
  const { fmspc, ca } = platform.value;
  return await withProgress(
    ports,
    `fetching ${update === undefined ? "" : `${update} `}collateral for FMSPC ${fmspc} from ${serviceUrl}`,
    client.fetchCollateral({ fmspc, ca }),
  );
}

/** Where a command line says that collateral is: in a file, or at a service. */
export interface CollateralFlags {
  readonly collateral?: string;
  readonly pccs?: string;
}

/**
 * Reads the collateral of a quote's platform, or fetches it where no file was named.
 *
 * @returns not authenticated yet
 * Errors: those of the file, of {@link fetchCollateralFor}, and of a bundle that is none.
 */
export async function obtainCollateral(
  ports: Ports,
  { collateral: file, pccs }: CollateralFlags,
  request: CollateralRequest,
): Promise<Result<Collateral, Refusal>> {
  if (file !== undefined) {
    const content = await ports.files.read(file, COLLATERAL_LIMIT_BYTES);
    return content.ok ? parsed(content.value) : err(refusalOfCli(content.error));
  }
  const fetched = await fetchCollateralFor(ports, {
    ...request,
    ...(pccs === undefined ? {} : { serviceUrl: pccs }),
  });
  return fetched.ok ? parsed(encodeCollateral(fetched.value)) : err(refusalOfEvidence(fetched.error));
}

function parsed(bundle: string | Uint8Array): Result<Collateral, Refusal> {
  const collateral = parseCollateral(bundle);
  return collateral.ok ? collateral : err(refusalOfEvidence(collateral.error));
}
