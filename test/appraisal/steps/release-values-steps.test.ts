import { kmsRelease } from "../release.ts";
import { given, nodeQuote } from "../world.ts";
import {
  changedAnswer,
  changedRelease,
  policyValues,
  publishedProfile,
  type StepRow,
  testSteps,
  world,
} from "./step-rows.ts";

function compatibilityOf(document: Record<string, unknown>): Record<string, unknown> {
  const values = document["compatibility"];
  if (typeof values !== "object" || values === null) throw new Error("no compatibility");
  return Object.assign(values);
}

const MEASUREMENT_ROWS: readonly StepRow[] = [
  {
    name: "a node with another kernel",
    kind: "node",
    change: async () => ({
      inputs: [{ name: "quote", bytes: await nodeQuote(world.platform, { report: { rtmr1: "ab".repeat(48) } }) }],
    }),
    step: "rel.measurements",
    status: "fail",
    code: "measurement-mismatch",
    verdict: "failed",
  },
  {
    // Mistake 13.
    name: "the registers of two profiles mixed",
    kind: "node",
    change: async () => {
      const { rtmr2 } = world.platform.measurementsFor("node", "debug");
      return { inputs: [{ name: "quote", bytes: await nodeQuote(world.platform, { report: { rtmr2 } }) }] };
    },
    step: "rel.measurements",
    status: "fail",
    code: "measurement-mismatch",
    verdict: "failed",
  },
  {
    name: "a release that does not say what a register may be",
    kind: "node",
    change: () => ({
      tag: "2.4.0",
      ...changedRelease("node", {
        published: (document) => Object.assign(publishedProfile(document, "locked-read-only"), { allowed_rtmr1: [] }),
      }),
    }),
    step: "rel.measurements",
    status: "fail",
    code: "measurement-list-empty",
    verdict: "failed",
  },
  {
    name: "a release whose root hash leads to another register",
    kind: "node",
    change: () =>
      changedRelease("node", {
        published: (document) =>
          Object.assign(publishedProfile(document, "locked-read-only"), { root_hash: "ab".repeat(32) }),
      }),
    step: "rel.measurements",
    status: "fail",
    code: "root-hash-contradicts",
    verdict: "failed",
  },
  {
    name: "another composition on the same platform",
    kind: "kms",
    change: async () => ({
      tag: "2.4.0",
      ...(await changedAnswer(() => undefined, {
        runtimeEvents: [{ name: "compose-hash", payload: new Uint8Array(32) }],
      })),
    }),
    step: "rel.measurements",
    status: "fail",
    code: "measurement-mismatch",
    verdict: "failed",
  },
  {
    name: "a debug image",
    kind: "node",
    change: async () => ({ inputs: [{ name: "quote", bytes: await nodeQuote(world.platform, { profile: "debug" }) }] }),
    step: "rel.profile",
    status: "warn",
    code: "profile-not-production",
    verdict: "simulated",
  },
  {
    name: "another profile than the one that was asked for",
    kind: "node",
    change: () => ({ profile: "debug" }),
    step: "rel.profile",
    status: "fail",
    code: "profile-unexpected",
    verdict: "failed",
  },
  {
    name: "a release in which two profiles are the same",
    kind: "kms",
    change: () =>
      changedRelease("kms", {
        policy: (document) => {
          const locked = policyValues(
            JSON.parse(world.platform.policyDocumentFor("locked-read-only", { tag: "2.4.0" })),
          );
          Object.assign(policyValues(document), { kms_allowed_event_payload: locked["kms_allowed_event_payload"] });
        },
      }),
    step: "rel.profile",
    status: "fail",
    code: "profile-ambiguous",
    verdict: "failed",
  },
  {
    name: "a map of another node release",
    kind: "kms",
    change: () =>
      changedRelease("kms", {
        map: (document) => Object.assign(compatibilityOf(document), { node_image_tag: "mero-tee-v2.3.0" }),
      }),
    step: "rel.compat",
    status: "fail",
    code: "compat-contradiction",
    verdict: "failed",
  },
  {
    name: "a KMS release without its map",
    kind: "kms",
    change: () => {
      const release = kmsRelease(world.platform, world.sigstore);
      return { releases: given([{ ...release, assets: release.assets.slice(0, -1) }]) };
    },
    step: "rel.compat",
    status: "skip",
    code: "compat-missing",
    verdict: "simulated",
  },
  {
    name: "values that the reader gave",
    kind: "node",
    change: async () => {
      const [published] = world.releases.node.assets;
      return {
        releases: { status: "absent", reason: "not asked for" },
        inputs: [
          { name: "quote", bytes: await nodeQuote(world.platform) },
          { name: "published-mrtds.json", bytes: published?.bytes ?? new Uint8Array(0) },
        ],
      };
    },
    step: "rel.sigstore",
    status: "warn",
    code: "release-user-supplied",
    verdict: "simulated",
  },
];

testSteps(MEASUREMENT_ROWS);
