import { kmsRelease, nodeRelease } from "../release.ts";
import { given } from "../world.ts";
import { changedRelease, type StepRow, testSteps, world } from "./step-rows.ts";

const SIGNATURE_ROWS: readonly StepRow[] = [
  {
    name: "an unsigned release",
    kind: "node",
    change: () => changedRelease("node", { signing: { forms: [] } }),
    step: "rel.sigstore",
    status: "fail",
    code: "release-unsigned",
    verdict: "failed",
  },
  {
    name: "a release with a signature and nothing that proves when",
    kind: "node",
    change: () => changedRelease("node", { signing: { forms: [".sig", ".pem"] } }),
    step: "rel.sigstore",
    status: "warn",
    code: "release-unwitnessed",
    verdict: "simulated",
  },
  {
    name: "a release that another workflow signed",
    kind: "node",
    change: () =>
      changedRelease("node", {
        signing: { identity: "https://github.com/evil/x/.github/workflows/r.yaml@refs/heads/master" },
      }),
    step: "rel.sigstore",
    status: "fail",
    code: "signer-identity-mismatch",
    verdict: "failed",
  },
  {
    name: "a release whose files were signed at another commit",
    kind: "node",
    change: () => changedRelease("node", { signing: { commit: "1".repeat(40) } }),
    step: "rel.sigstore",
    status: "fail",
    code: "release-run-mismatch",
    verdict: "failed",
  },
  {
    name: "a release that somebody ran by hand",
    kind: "node",
    change: () => changedRelease("node", { signing: { trigger: "workflow_dispatch" } }),
    step: "rel.sigstore",
    status: "fail",
    code: "release-run-mismatch",
    verdict: "failed",
  },
  {
    name: "a release file that was changed after it was signed",
    kind: "node",
    change: () => {
      const release = nodeRelease(world.platform, world.sigstore);
      const assets = release.assets.map((asset) => ({
        ...asset,
        bytes: new TextEncoder().encode(`${new TextDecoder().decode(asset.bytes)}\n`),
      }));
      return { releases: given([{ ...release, assets }]) };
    },
    step: "rel.sigstore",
    status: "fail",
    code: "artifact-digest-mismatch",
    verdict: "failed",
  },
  {
    name: "a policy whose tag is not that of its release",
    kind: "kms",
    change: () => ({
      tag: "2.4.0",
      ...changedRelease("kms", { policy: (document) => Object.assign(document, { tag: "2.3.0" }) }),
    }),
    step: "rel.sigstore",
    status: "fail",
    code: "policy-tag-mismatch",
    verdict: "failed",
  },
  {
    name: "a KMS release without one of its policies",
    kind: "kms",
    change: () => {
      const release = kmsRelease(world.platform, world.sigstore);
      return { tag: "2.4.0", releases: given([{ ...release, assets: release.assets.slice(1) }]) };
    },
    step: "rel.sigstore",
    status: "fail",
    code: "release-asset-absent",
    verdict: "failed",
  },
];

testSteps(SIGNATURE_ROWS);
