import { CHAIN_LAXITIES } from "./chain-laxities.ts";
import { CRL_LAXITIES } from "./crl-laxities.ts";
import type { Laxity } from "./laxity.ts";
import { QE_LAXITIES } from "./qe-laxities.ts";
import { QUOTE_LAXITIES } from "./quote-laxities.ts";
import { TCB_INFO_LAXITIES } from "./tcb-info-laxities.ts";

/** Every known laxity of the others, each narrow enough to be wrong about anything else. */
export const LAXITIES: readonly Laxity[] = [
  ...QUOTE_LAXITIES,
  ...CHAIN_LAXITIES,
  ...CRL_LAXITIES,
  ...TCB_INFO_LAXITIES,
  ...QE_LAXITIES,
];
