import { emptyPolicyFields } from "@mero-tee/policy";
import type { FastifyBaseLogger } from "fastify";
import type { Config } from "../config.ts";
import type { PolicyObserver } from "./policy-holder.ts";

/**
 * Logs what is loaded and from where, and ends the service when an enforced policy has an empty list: such a policy
 * accepts nobody, which no operator means, and "not ready" would hide it.
 *
 * @param unusable - told one sentence; the service must stop
 */
export function observePolicy(
  config: Pick<Config, "enforceMeasurementPolicy" | "acceptMockAttestation">,
  log: FastifyBaseLogger,
  unusable: (reason: string) => void,
): PolicyObserver {
  return {
    loaded(source, { policy, sha256, signer, nodePolicySha256 }) {
      const measurementSets = policy.measurementSets?.map(({ id }) => id) ?? null;
      log.info({ source, tag: policy.tag, sha256, measurementSets, signer, nodePolicySha256 }, "policy loaded");
      if (sha256 !== null && signer === null) log.warn("the policy is not signed: whoever writes its file decides");
      const empty = emptyPolicyFields(policy);
      if (empty.length > 0 && config.enforceMeasurementPolicy && !config.acceptMockAttestation) {
        unusable(`the policy accepts nobody; empty: ${empty.join(", ")}`);
      }
    },
    failed(source, { code, detail, reason }, retryInMs) {
      log.warn({ source, code, reason, detail, retryInMs }, "no policy");
    },
  };
}
