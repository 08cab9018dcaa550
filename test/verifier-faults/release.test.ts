import { expect, test } from "vitest";
import { laneIdentity } from "../../packages/release-artifacts/src/index.ts";
import { REPOSITORY } from "../appraisal/release.ts";
import { type FaultRow, policyOf, testFaults, world } from "./fault-rows.ts";
import { type FaultyCheck, type FaultWorld } from "./fault-world.ts";
import { WITHDRAWN_RELEASE } from "./withdrawn-release.ts";

const KMS_WORKFLOW = `https://github.com/${REPOSITORY}/.github/workflows/release-kms-phala.yaml`;
const NODE_IDENTITY = laneIdentity("node", REPOSITORY);

const swapped = (changes: Parameters<FaultWorld["releaseInstead"]>[0]): FaultyCheck => ({
  corrupt: world.releaseInstead(changes),
});
const signedBy = (identity: string): FaultyCheck => swapped({ signing: { identity } });

/** The reader names the release, so that a forged one cannot hide behind "no release fits". */
const ASKED = { expected: { tag: "mero-kms-v0.0.0", profile: null, bindingHex: null, isStrict: false } } as const;

const RELEASE_ROWS: readonly FaultRow[] = [
  {
    name: "the release is signed anew by its own workflow",
    fault: () => swapped({}),
    steps: { "rel.sigstore": "pass" },
    verdict: "verified",
  },
  {
    name: "the release was withdrawn",
    fault: () => ({
      corrupt: {
        "/api/catalog": (json) => ({
          ...json,
          releases: [WITHDRAWN_RELEASE],
        }),
      },
    }),
    steps: { "rel.select": "warn", "rel.sigstore": "pass" },
    verdict: "caution",
  },
  {
    name: "the policy is changed after it was signed",
    fault: () => ({
      corrupt: {
        "/api/policy": (json) => ({
          ...json,
          bytes_b64: Buffer.from(`${Buffer.from(String(json["bytes_b64"]), "base64").toString()} `).toString("base64"),
        }),
      },
    }),
    steps: { "rel.sigstore": "fail", "rel.measurements": "skip" },
    verdict: "failed",
  },
  {
    // Mistake 16.
    name: "the policy is unsigned",
    fault: () => swapped({ signing: { forms: [] } }),
    steps: { "rel.sigstore": "fail" },
    verdict: "failed",
  },
  {
    name: "the policy is signed by the workflow of another repository",
    fault: () => signedBy(KMS_WORKFLOW.replace(REPOSITORY, "somebody/mero-tee") + "@refs/heads/master"),
    steps: { "rel.sigstore": "fail" },
    verdict: "failed",
  },
  {
    name: "the policy is signed by the same workflow on another branch",
    fault: () => signedBy(`${KMS_WORKFLOW}@refs/heads/feature`),
    steps: { "rel.sigstore": "fail" },
    verdict: "failed",
  },
  {
    name: "the policy is signed by a workflow whose name begins alike",
    fault: () => signedBy(`${KMS_WORKFLOW}@refs/heads/master-2`),
    steps: { "rel.sigstore": "fail" },
    verdict: "failed",
  },
  {
    name: "the policy of a KMS is signed by the workflow of node images",
    fault: () => signedBy("exact" in NODE_IDENTITY ? NODE_IDENTITY.exact : ""),
    steps: { "rel.sigstore": "fail" },
    verdict: "failed",
  },
  {
    name: "the policy is signed with an identity of another provider",
    fault: () => swapped({ signing: { issuer: "https://accounts.example.com" } }),
    steps: { "rel.sigstore": "fail" },
    verdict: "failed",
  },
  {
    name: "the tag inside the policy is another",
    fault: () => ({
      ...swapped({ policy: (document) => void Object.assign(document, { tag: "0.0.1" }) }),
      check: ASKED,
    }),
    steps: { "rel.sigstore": "fail" },
    verdict: "failed",
  },
  {
    name: "an older release is given out as the one that was asked for",
    fault: () => ({ ...swapped({ version: "0.0.0-old" }), check: ASKED }),
    steps: { "rel.sigstore": "fail" },
    verdict: "failed",
  },
  {
    name: "the policy has no value for a register",
    fault: () => ({
      ...swapped({
        policy: (document) => void Object.assign(policyOf(document), { allowed_rtmr1: [], kms_allowed_rtmr1: [] }),
      }),
      check: ASKED,
    }),
    steps: { "rel.measurements": "fail" },
    verdict: "failed",
  },
  {
    // Mistake 14.
    name: "the release host is down",
    fault: () => ({
      api: { env: { RELEASE_API_URL: "http://127.0.0.1:9", RELEASE_DOWNLOAD_URL: "http://127.0.0.1:9" } },
    }),
    steps: { "rel.select": "error", "rel.measurements": "skip" },
    verdict: "incomplete",
  },
  {
    name: "the release that was asked for does not exist",
    fault: () => ({ check: { expected: { ...ASKED.expected, tag: "mero-kms-v9.9.9" } } }),
    steps: { "rel.select": "fail" },
    verdict: "failed",
  },
];

testFaults(RELEASE_ROWS);

test.each([
  { name: "a catalog", changed: {}, source: "the release host, through this site's API" },
  {
    name: "no catalog",
    changed: { releases: "all of them" },
    source: "the release host, through this site's API, without the catalog that names the withdrawn ones",
  },
])("the page says that releases came with $name", async ({ changed, source }) => {
  const asked = await world.ask({ corrupt: { "/api/catalog": (json) => ({ ...json, ...changed }) } });
  const { releases } = asked.ok ? asked.value.request : { releases: asked.error };
  expect(releases).toMatchObject({ status: "given", source });
});
