/** The entry of a catalog by which the simulated release is withdrawn, for a reason that is shown as a stranger's words. */
export const WITHDRAWN_RELEASE = {
  version: "0.0.0",
  kms_tag: "mero-kms-v0.0.0",
  node_image_tag: "mero-tee-v0.0.0",
  kms_policy_url: "https://example.com/kms.json",
  node_policy_url: "https://example.com/node.json",
  withdrawn: { reason: "it leaks keys", at: "2026-11-01T00:00:00Z" },
} as const;
