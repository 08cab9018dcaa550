import type { AppraisalPolicy } from "@mero-tee/policy";
import { publicTrustedRoot, type TrustedRoot } from "@mero-tee/release-artifacts/sigstore";
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

/**
 * The policy source that the configuration names.
 *
 * @param trustedRoot - whom to believe about signatures; by default Sigstore's public instance, as compiled in
 */
export function choosePolicySource(
  { policy, profile }: Pick<Config, "policy" | "profile">,
  fetch: FetchPort,
  trustedRoot: TrustedRoot = publicTrustedRoot(),
): PolicySource {
  switch (policy.kind) {
    case "environment":
      return environmentSource(policy.policy);
    case "file": {
      const { path, tag, repository, ...demands } = policy;
      return createFilePolicySource(path, { ...demands, profile, tag, signer: { repository, trustedRoot } });
    }
    case "release": {
      const { version, releasesUrl, repository, ...demands } = policy;
      const signer = { repository, trustedRoot };
      return createReleasePolicySource({
        version,
        releasesUrl,
        fetch,
        demands: { ...demands, profile, tag: version, signer },
      });
    }
    case "none":
      return NO_POLICY;
    default:
      return policy satisfies never;
  }
}

function environmentSource(policy: AppraisalPolicy): PolicySource {
  const loaded = ok({ policy, sha256: null, signer: null, nodePolicySha256: null });
  return { label: "environment", isRetried: false, load: () => Promise.resolve(loaded) };
}
