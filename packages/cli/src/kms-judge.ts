import { createKmsVerifier, type KmsVerifier } from "@mero-tee/kms-protocol/client";
import type { AppraisalPolicy } from "@mero-tee/policy";
import { encodeCollateral, parseCollateral } from "@mero-tee/tdx-quote";

import { fetchCollateralFor } from "./collateral-source.ts";
import type { Ports } from "./context.ts";

/** What a KMS is judged by. */
export interface KmsJudgement {
  /** Role `kms`. */
  readonly policy: AppraisalPolicy;
  /** The instant of judgement, Unix seconds. */
  readonly now: number;
  /** DER; absent: Intel's root. */
  readonly rootCa?: Uint8Array;
  /** Where collateral is fetched; absent: Intel's PCS. */
  readonly serviceUrl?: string;
}

/** Judges quotes of a KMS by a policy, with collateral that is fetched for each. */
export function createKmsJudge(ports: Ports, { policy, now, rootCa, serviceUrl }: KmsJudgement): KmsVerifier {
  const root = rootCa === undefined ? {} : { rootCa };
  return createKmsVerifier({
    policy,
    now,
    ...root,
    async collateralFor(quote) {
      const service = serviceUrl === undefined ? {} : { serviceUrl };
      const bundle = await fetchCollateralFor(ports, { quote, now, ...root, ...service });
      return bundle.ok ? parseCollateral(encodeCollateral(bundle.value)) : bundle;
    },
  });
}
