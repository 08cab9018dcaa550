import type { JudgedCollateral } from "./judge-collateral.ts";
import type { JudgedPckChain } from "./judge-pck-chain.ts";

/** Who vouches for a quote: the judged collateral and the judged PCK chain, once their signatures have proved good. */
export interface Endorsements {
  readonly collateral: JudgedCollateral;
  readonly pck: JudgedPckChain;
}
