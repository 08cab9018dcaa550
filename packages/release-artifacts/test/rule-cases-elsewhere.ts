import { PROFILES } from "@mero-tee/policy";

import {
  type EvidenceByScope,
  judge,
  parseReleaseVersion,
  policyAsset,
  type RuleId,
  type RuleResult,
  type RuleScope,
} from "../src/index.ts";
import { documentFrom, kmsCandidates, perProfile, publishedText, stagedFiles } from "./release-world.ts";

/** A rule that judges something else than a released directory. */
export interface OtherScopeCase {
  readonly id: RuleId;
  readonly good: () => readonly RuleResult[];
  readonly bad: readonly { readonly name: string; readonly results: () => readonly RuleResult[] }[];
}

const DIGEST = `sha256:${"0".repeat(64)}`;
const COMMIT = "0".repeat(40);

const WORKFLOW = {
  on: { push: { branches: ["master"] } },
  jobs: {
    build: {
      permissions: {},
      container: { image: `node@${DIGEST}` },
      env: { ENFORCE_MEASUREMENT_POLICY: "true" },
      steps: [
        { uses: `actions/checkout@${COMMIT}` },
        { uses: "./.github/actions/setup" },
        { run: "node scripts/release/gate.ts" },
      ],
    },
  },
};

const VERSIONS = {
  imageVersion: "2.4.0",
  merodVersion: "0.9.1",
  traefikVersion: "v3.1.4",
  nodeExporterVersion: "1.8.2",
  vmagentVersion: "1.105.0",
  vectorVersion: "0.42.0",
};

const APP_COMPOSE = {
  docker_compose_file: "image: x\nMERO_KMS_VERSION: 2.4.0\nMERO_KMS_PROFILE: debug",
  allowed_envs: [],
  secure_time: true,
  key_provider_id: "30",
};

function version(text: string) {
  const parsed = parseReleaseVersion(text);
  if (parsed === null) throw new Error(text);
  return parsed;
}

const PROBES = {
  debug: documentFrom("measurementCandidates", probeOf("debug")),
  "debug-read-only": documentFrom("measurementCandidates", probeOf("debug-read-only")),
  "locked-read-only": documentFrom("measurementCandidates", probeOf("locked-read-only")),
};

function probeOf(profile: (typeof PROFILES)[number]): object {
  const { profiles } = documentFrom("publishedMrtds", publishedText());
  const { allowed_tcb_statuses, allowed_mrtd, allowed_rtmr0, allowed_rtmr1, allowed_rtmr2, allowed_rtmr3 } =
    profiles[profile];
  const policy = { allowed_tcb_statuses, allowed_mrtd, allowed_rtmr0, allowed_rtmr1, allowed_rtmr2, allowed_rtmr3 };
  return { ...kmsCandidates(profile), policy };
}

const LOCKED = "locked-read-only" as const;
const REJECTED = "measurement_policy_rejected";
const MATRIX = PROFILES.flatMap((policy) => PROFILES.map((node) => ({ policy, node, allowed: policy === node })));
const RELEASED = await stagedFiles({ lane: "kms" });
const KMS = {
  policies: perProfile((profile) =>
    documentFrom("attestationPolicy", new TextDecoder().decode(RELEASED.get(policyAsset(profile)))),
  ),
  // RTMR3 is another on every machine, and none of E-01's.
  probes: perProfile((profile) => {
    const { policy, ...seen } = kmsCandidates(profile);
    return { ...seen, policy: { ...policy, allowed_rtmr3: [] } };
  }),
};

const CHECKS = {
  positivePassed: true,
  wrongNonceRejected: true,
  tamperedQuoteRejected: true,
  wrongApplicationHashRejected: true,
};

const GOOD: Omit<EvidenceByScope, "release"> = {
  download: { late: [{ file: "x", waits: 10, tries: 5, arrived: true }] },
  start: {
    policyProfile: "debug",
    imageProfile: "debug",
    configuredProfile: "debug",
    policyVersion: version("2.4.0"),
    configuredVersion: version("2.4.0"),
    compiledVersion: version("2.4.0"),
    isPinned: true,
    developmentSettings: [],
  },
  history: { listing: { version: "2.4.0", isListed: true }, changes: [] },
  repository: {
    configuration: [{ path: ".github/workflows/release.yaml", value: WORKFLOW }],
    kmsVersion: "2.4.0",
    lockedKmsVersions: ["2.4.0"],
    versionsFile: JSON.stringify(VERSIONS),
    before: { kmsVersion: "2.3.0", imageVersion: "2.3.0" },
    changedPaths: ["packer/image.pkr.hcl", "docs/releases.md"],
    directories: new Set([
      ".github/workflows",
      ".github/actions",
      "scripts/release",
      "scripts/policy",
      "scripts/attestation",
      "scripts/phala",
      "packer",
      "ansible",
      "docs",
    ]),
    publishRef: "refs/heads/master",
    merodAssets: ["merod", "meroctl", "mero-auth"].map((name) => `${name}_x86_64-unknown-linux-gnu.tar.gz`),
    probe: { headSha: COMMIT, releaseCommit: COMMIT },
    appCompose: { document: APP_COMPOSE, version: "2.4.0", profile: "debug" },
  },
  live: {
    published: documentFrom("publishedMrtds", publishedText()),
    probes: PROBES,
    matrix: MATRIX,
    antiFake: PROFILES.map((profile) => ({ profile, ...CHECKS })),
    composeHashes: [{ profile: "debug", live: "00", released: "00" }],
    crossProfile: [{ kms: LOCKED, node: "debug", expectedCode: REJECTED, actualCode: REJECTED }],
    kms: KMS,
  },
};

type OtherScope = Exclude<RuleScope, "release">;

function example<S extends OtherScope>(
  scope: S,
  good: EvidenceByScope[S],
  id: RuleId,
  bad: Readonly<Record<string, Partial<EvidenceByScope[S]>>>,
): OtherScopeCase {
  return {
    id,
    good: () => judge(scope, good),
    bad: Object.entries(bad).map(([name, change]) => ({ name, results: () => judge(scope, { ...good, ...change }) })),
  };
}

function workflow(change: object): { readonly configuration: EvidenceByScope["repository"]["configuration"] } {
  return {
    configuration: [
      { path: ".github/workflows/release.yaml", value: { jobs: { build: { ...WORKFLOW.jobs.build, ...change } } } },
    ],
  };
}

function composition(change: object) {
  return { appCompose: { document: { ...APP_COMPOSE, ...change }, version: "2.4.0", profile: "debug" as const } };
}

/** Every rule outside a released directory: what it accepts, and what it refuses. */
export const OTHER_SCOPE_CASES: readonly OtherScopeCase[] = [
  example("download", GOOD.download, "AS-05", {
    "an asset that never came": { late: [{ file: "x", waits: 10, tries: 5, arrived: false }] },
    "an asset that took too long": { late: [{ file: "x", waits: 11, tries: 1, arrived: true }] },
  }),
  example("start", GOOD.start, "P-01", {
    "a policy of another profile": { policyProfile: "locked-read-only" },
    "a policy of another version": { policyVersion: version("2.5.0") },
  }),
  example("start", GOOD.start, "P-05", {
    "an older policy": { policyVersion: version("2.3.9"), configuredVersion: version("2.3.9") },
    "a candidate of the same version": {
      policyVersion: version("2.4.0-rc.1"),
      configuredVersion: version("2.4.0-rc.1"),
    },
  }),
  example("start", GOOD.start, "P-08", {
    "a Sigstore root of the deployer's": { developmentSettings: ["SIGSTORE_TRUSTED_ROOT_FILE"] },
  }),
  example("history", GOOD.history, "P-06", {
    "a catalog that does not list the release": { listing: { version: "2.4.0", isListed: false } },
  }),
  example("history", GOOD.history, "P-07", {
    "a policy that is another than it was": { changes: ["policy.json is 01, and was 00"] },
  }),
  example("repository", GOOD.repository, "G-01", {
    "a policy in the environment": workflow({ env: { MERO_KMS_ALLOWED_RTMR3: "00" } }),
    "enforcement switched off in a shell": workflow({
      steps: [{ run: "ENFORCE_MEASUREMENT_POLICY=false node main.js" }],
    }),
    "mock evidence in a compose file": {
      configuration: [
        { path: "compose.yaml", value: { services: { kms: { environment: ["ACCEPT_MOCK_ATTESTATION=true"] } } } },
      ],
    },
    "mock evidence as a YAML boolean": {
      configuration: [
        { path: "compose.yaml", value: { services: { kms: { environment: { ACCEPT_MOCK_ATTESTATION: true } } } } },
      ],
    },
  }),
  example("repository", GOOD.repository, "G-02", {
    "a KMS that is ahead of the image": { kmsVersion: "2.4.1", lockedKmsVersions: ["2.4.1"] },
    "two KMSs in the lockfile": { lockedKmsVersions: ["2.4.0", "2.3.0"] },
    "a bump of one alone": { before: { kmsVersion: "2.4.0", imageVersion: "2.3.0" } },
  }),
  example("repository", GOOD.repository, "G-03", {
    "a change without docs": { changedPaths: ["packer/image.pkr.hcl"] },
    "a guard that watches nothing": { directories: new Set(["docs"]) },
  }),
  example("repository", GOOD.repository, "G-04", { "a release from a branch": { publishRef: "refs/heads/feature" } }),
  example("repository", GOOD.repository, "G-05", {
    "a mutable image": workflow({ container: { image: "node:latest" } }),
    "an image by tag": workflow({ container: { image: "node:24.21.0" } }),
  }),
  example("repository", GOOD.repository, "G-06", {
    "a version that floats": { versionsFile: JSON.stringify({ ...VERSIONS, merodVersion: "latest" }) },
    "an image without its versions": { versionsFile: undefined },
  }),
  example("repository", GOOD.repository, "G-07", { "a merod release without merod": { merodAssets: [] } }),
  example("repository", GOOD.repository, "G-08", {
    "an action by tag": workflow({ steps: [{ uses: "actions/checkout@v4" }] }),
    "an action by tag inside an action of ours": {
      configuration: [{ path: ".github/actions/setup/action.yaml", value: { runs: { steps: [{ uses: "x/y@v1" }] } } }],
    },
    "a job without permissions": {
      configuration: [{ path: ".github/workflows/x.yaml", value: { jobs: { build: { steps: [] } } } }],
    },
    "a title in a shell": workflow({ steps: [{ run: "echo ${{ github.event.pull_request.title }}" }] }),
  }),
  example("repository", GOOD.repository, "G-09", {
    "a probe of another commit": { probe: { headSha: "1".repeat(40), releaseCommit: COMMIT } },
  }),
  example("repository", GOOD.repository, "G-10", {
    "another version": composition({ docker_compose_file: "MERO_KMS_PROFILE: debug" }),
    "a gap that the deployer fills": composition({
      docker_compose_file: `${APP_COMPOSE.docker_compose_file}\nPOLICY: $\{POLICY}`,
    }),
    "a script before launch": composition({ pre_launch_script: "curl x" }),
    "an environment of the deployer's": composition({ allowed_envs: ["LD_PRELOAD"] }),
    "any key service": composition({ key_provider_id: "" }),
  }),
  example("live", GOOD.live, "E-01", {
    "a machine that measures otherwise": { probes: { ...PROBES, debug: kmsCandidates("debug") } },
    "a KMS that measures otherwise": { kms: { ...KMS, probes: { ...KMS.probes, debug: PROBES.debug } } },
  }),
  example("live", GOOD.live, "E-02", {
    "a policy that accepts another profile": {
      matrix: PROFILES.flatMap((policy) =>
        PROFILES.map((node) => ({ policy, node, allowed: policy === node || node === "debug" })),
      ),
    },
    "a pair that was not tried": { matrix: [] },
    "a live KMS that accepts what its policy does not": {
      matrix: [...MATRIX, { policy: LOCKED, node: "debug", allowed: true }],
    },
  }),
  example("live", GOOD.live, "E-03", {
    "a changed quote that passes": { antiFake: [{ profile: "debug", ...CHECKS, tamperedQuoteRejected: false }] },
  }),
  example("live", GOOD.live, "E-04", {
    "another composition": { composeHashes: [{ profile: "debug", live: "00", released: "01" }] },
  }),
  example("live", GOOD.live, "E-05", {
    "a key for a debug node": {
      crossProfile: [{ kms: LOCKED, node: "debug", expectedCode: REJECTED, actualCode: null }],
    },
    "a refusal for another reason": {
      crossProfile: [{ kms: LOCKED, node: "debug", expectedCode: REJECTED, actualCode: "tcb_status_rejected" }],
    },
  }),
];
