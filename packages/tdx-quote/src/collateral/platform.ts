import type { CollateralBundle } from "../collateral-bundle.ts";
import type { Failure } from "../failure.ts";
import type { Result } from "../result.ts";

/** The CA that issued a platform's PCK certificate. TDX platforms have `platform` in practice. */
export type PckCa = "platform" | "processor";

/**
 * What collateral is asked for by: the family of the platform and its PCK CA.
 *
 * **Use only values of a PCK chain that verified to the root** (`verifyPckChain`). Taken from an unverified quote they let
 * anyone make the caller ask for 2⁴⁸ platforms.
 */
export interface CollateralPlatform {
  /** 6 bytes as hex, any case. */
  readonly fmspc: string;
  readonly ca: PckCa;
}

/**
 * A source of collateral: a PCS client, or several of them in order, or a file. What it gives is not authenticated; it
 * never throws.
 *
 * Errors: stage `fetch`.
 */
export type FetchCollateral = (platform: CollateralPlatform) => Promise<Result<CollateralBundle, Failure>>;
