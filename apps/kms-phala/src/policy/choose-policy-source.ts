import type { FetchPort } from "@mero-tee/tdx-quote/collateral";
import { err, ok } from "@mero-tee/tdx-quote/result";
import type { Config } from "../config.ts";
import { createFilePolicySource } from "./policy-file-store.ts";
import type { PolicySource } from "./policy-source.ts";
import { createReleasePolicySource } from "./release-policy-client.ts";

const NO_POLICY: PolicySource = {
  label: "none",
  isRetried: false,
  load: () => Promise.resolve(err({ code: "policy-not-configured", reason: "no policy is configured" })),
};

/** The policy source that the configuration names. */
export function choosePolicySource({ policy, profile }: Config, fetch: FetchPort): PolicySource {
  switch (policy.kind) {
    case "environment":
      return {
        label: "environment",
        isRetried: false,
        load: () => Promise.resolve(ok({ policy: policy.policy, sha256: null })),
      };
    case "file":
      return createFilePolicySource(policy.path, {
        profile,
        tag: policy.tag,
        sha256: policy.sha256,
        isLegacyFile: false,
      });
    case "release":
      return createReleasePolicySource({ version: policy.version, profile, sha256: policy.sha256, fetch });
    case "none":
      return NO_POLICY;
    default:
      return policy satisfies never;
  }
}
