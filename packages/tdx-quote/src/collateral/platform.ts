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
 * Which edition of TCB info and QE identity: the one in force, or the one that comes into force with the next TCB recovery.
 * A signed document does not say which it is, so editions never meet in one cache.
 */
export type CollateralChannel = "standard" | "early";

/** A source of collateral and the name by which operators know it. */
export interface CollateralSource {
  readonly name: string;
  readonly fetchCollateral: FetchCollateral;
}

/**
 * Fetches collateral: from a PCS or PCCS, or out of a file. What it gives is not authenticated; it
 * never throws.
 *
 * Errors: stage `fetch`.
 */
export type FetchCollateral = (platform: CollateralPlatform) => Promise<Result<CollateralBundle, Failure>>;
