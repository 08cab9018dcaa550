import type { Failure, TdxQuote, VerifiedQuote } from "@mero-tee/tdx-quote";
import type { Collateral } from "@mero-tee/tdx-quote";
import type { CollateralPlatform } from "@mero-tee/tdx-quote/collateral";
import type { Result } from "@mero-tee/tdx-quote/result";

/** The evidence side of a key release, in the order in which it is used. Each step only takes what the one before gave. */
export interface QuoteVerification {
  /**
   * Says which platform made a quote, once its PCK chain verifies to the root: a made-up platform must not make anyone
   * fetch anything.
   */
  platformOf(quote: TdxQuote): Promise<Result<CollateralPlatform, Failure>>;
  /** Collateral of a platform, never past its expiry. */
  collateralFor(platform: CollateralPlatform): Promise<Result<Collateral, Failure>>;
  /** Verifies everything: chains, collateral, signatures, TCB status, TD attributes. */
  verify(quote: TdxQuote, collateral: Collateral): Promise<Result<VerifiedQuote, Failure>>;
}
