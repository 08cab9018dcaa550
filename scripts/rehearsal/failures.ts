import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  ASSET,
  policyAsset,
  type ReleaseLane,
  releaseTag,
  SIDECAR_SUFFIXES,
} from "../../packages/release-artifacts/src/index.ts";
import { createSimulatedFirmwareEndorser } from "../../packages/tee-simulator/src/firmware-endorser/index.ts";
import { expectOk } from "../release/lane-stop.ts";
import { textAt } from "../release/mero-tee.ts";
import type { LaneStep } from "../release/lane-steps.ts";
import { laneDirectories } from "../release/release-lane.ts";
import { changedCompose, editJson, readJson } from "./edit-json.ts";
import { signAgain, startPinned, verifyAgain } from "./later-attacks.ts";
import { audit, catalogArguments, type Interference, type Scene } from "./play.ts";
import type { ComposeChange } from "./probe-machines.ts";
import { REPOSITORY } from "./world.ts";

/** One thing that goes wrong, and what has to stop it. */
export interface RehearsedFailure {
  readonly name: string;
  readonly what: string;
  readonly lane: ReleaseLane;
  /** The step that must stop, and by what: the ids of exactly the rules that fail, or a code where no rule is asked. */
  readonly stoppedAt: string;
  readonly stoppedBy: readonly string[];
  readonly interference?: Interference;
  /** What is published before: for a KMS its node release, else nothing. */
  readonly published?: "nothing" | "node-release";
  /** Builds and probes of its own, under another composition or version; else those of the others are taken. */
  readonly prepares?: true | ComposeChange;
  /** Changes what builds and probes left. */
  readonly spoil?: (scene: Scene) => Promise<void>;
  /** What somebody else does after a step. */
  readonly after?: { readonly step: string; readonly act: (scene: Scene) => Promise<string> };
  /** Steps behind the release. */
  readonly afterwards?: (scene: Scene) => readonly LaneStep[];
}

const LOCKED = policyAsset("locked-read-only");
const HOME = `https://github.com/${REPOSITORY}`;
const MASTER = "@refs/heads/master";
const WORKFLOW = `${HOME}/.github/workflows/release-kms-phala.yaml`;

/** What every odd composition has in common: it is not even deployed to be probed. */
const COMPOSITION = { lane: "kms", stoppedAt: "probe", stoppedBy: ["G-10"] } as const;

/** Everything that is played by `pnpm rehearse --failures`. */
export const FAILURES: readonly RehearsedFailure[] = [
  {
    name: "missing-asset",
    what: "the build left no SBOM of the container",
    lane: "kms",
    stoppedAt: "assemble",
    stoppedBy: ["AS-01"],
    spoil: async ({ run }) => await rm(join(run.inputs, ASSET.containerSbom)),
  },
  {
    name: "lost-asset",
    what: "a published signature is gone from the host",
    lane: "kms",
    stoppedAt: "smoke",
    stoppedBy: ["AS-01"],
    after: {
      step: "publish",
      act: async ({ world, run }) => {
        await world.github.removeAsset(releaseTag("kms", run.version), `${ASSET.compatibilityMap}.sig`);
        return `${ASSET.compatibilityMap}.sig was removed`;
      },
    },
  },
  {
    name: "wrong-identity",
    what: "the map was signed from another branch",
    lane: "kms",
    stoppedAt: "self-verify",
    stoppedBy: ["C-01"],
    interference: {
      signing: (name) => (name === ASSET.compatibilityMap ? { identity: `${WORKFLOW}@refs/heads/feature` } : {}),
    },
  },
  {
    name: "signed-by-hand",
    what: "the run that signed was started by hand",
    lane: "kms",
    stoppedAt: "self-verify",
    stoppedBy: ["C-04"],
    interference: { signing: () => ({ extensions: { buildTrigger: "workflow_dispatch" } }) },
  },
  {
    name: "edited-policy",
    what: "a signed policy was edited before it was published",
    lane: "kms",
    stoppedAt: "self-verify",
    stoppedBy: ["CK-02", "CK-07", "X-06", "C-01", "C-06"],
    after: {
      step: "sign",
      act: async ({ run }) => {
        const file = join(laneDirectories(run).release, policyAsset("debug"));
        await writeFile(file, (await readFile(file, "utf8")).replace('"ready"', '"ready" '));
        return "the debug policy has one blank more";
      },
    },
  },
  {
    name: "edited-on-host",
    what: "a published policy was replaced by another",
    lane: "kms",
    stoppedAt: "smoke",
    stoppedBy: ["CK-02", "CK-07", "X-06", "X-08", "M-08", "C-01", "C-06"],
    after: {
      step: "publish",
      act: async ({ world, run }) => {
        const tag = releaseTag("kms", run.version);
        const text = await readFile(join(world.github.directoryOf(tag), LOCKED), "utf8");
        const edited = text.replace(/(?<="node_allowed_tcb_statuses": \[\n\s*)"UpToDate"/, '"UpToDate", "OutOfDate"');
        await world.github.replaceAsset(tag, LOCKED, Buffer.from(edited));
        return "the locked policy accepts nodes on platforms that are out of date";
      },
    },
  },
  {
    name: "kms-passes-as-node",
    what: "a KMS measures the RTMR3 of a node",
    lane: "kms",
    stoppedAt: "assemble",
    stoppedBy: ["M-01"],
    spoil: async ({ world, run }) => {
      const node = join(world.github.directoryOf(releaseTag("node", run.version)), ASSET.publishedMrtds);
      const rtmr3 = textAt(await readJson(node), "profiles", "debug", "rtmr3");
      const candidates = join(run.inputs, "kms-policy-candidates-debug.json");
      await editJson(candidates, ["policy", "allowed_rtmr3"], [rtmr3]);
    },
  },
  {
    name: "profiles-not-separated",
    what: "two profiles boot with one command line",
    lane: "node",
    stoppedAt: "assemble",
    stoppedBy: ["M-03"],
    spoil: async ({ run }) => {
      const rtmr2 = textAt(await readJson(join(run.inputs, "mrtd-debug.json")), "rtmr2");
      await editJson(join(run.inputs, "mrtd-locked-read-only.json"), ["rtmr2"], rtmr2);
      const candidates = join(run.inputs, "measurement-policy-candidates-locked-read-only.json");
      await editJson(candidates, ["policy", "allowed_rtmr2"], [rtmr2]);
    },
  },
  {
    name: "firmware-not-endorsed",
    what: "somebody else than Google endorses the firmware that was probed",
    lane: "node",
    stoppedAt: "judge",
    stoppedBy: ["M-10"],
    spoil: async ({ run }) => {
      const somebody = await createSimulatedFirmwareEndorser(Math.floor(Date.now() / 1000));
      for (const name of (await readdir(run.inputs)).filter((each) => each.endsWith(".binarypb"))) {
        const mrtd = name.replace(".binarypb", "");
        await writeFile(join(run.inputs, name), await somebody.endorse([{ ramGib: 16, mrtd }]));
      }
    },
  },
  {
    name: "commit-mismatch",
    what: "the probes ran on another commit than the release is of",
    lane: "kms",
    stoppedAt: "compositions",
    stoppedBy: ["G-09"],
    interference: { commit: "b".repeat(40) },
  },
  {
    name: "documents-of-another-commit",
    what: "the documents name another commit than the certificates",
    lane: "verifier",
    stoppedAt: "self-verify",
    stoppedBy: ["C-04"],
    interference: { commit: "b".repeat(40) },
  },
  {
    name: "other-run",
    what: "one file was signed in another run",
    lane: "kms",
    stoppedAt: "self-verify",
    stoppedBy: ["X-11"],
    interference: {
      signing: (name) =>
        name === LOCKED ? { extensions: { runInvocationUri: `${HOME}/actions/runs/7100000009/attempts/1` } } : {},
    },
  },
  {
    name: "signed-in-fork",
    what: "the same workflow signed a policy, in somebody else's fork",
    lane: "kms",
    stoppedAt: "self-verify",
    stoppedBy: ["C-01"],
    interference: {
      signing: (name) =>
        name === LOCKED ? { identity: WORKFLOW.replace(REPOSITORY, "somebody/mero-tee") + MASTER } : {},
    },
  },
  {
    name: "planted-asset",
    what: "a file that nobody signed lies beside the published ones",
    lane: "verifier",
    stoppedAt: "smoke",
    stoppedBy: ["AS-06"],
    after: {
      step: "publish",
      act: async ({ world, run }) => {
        await world.github.replaceAsset(releaseTag("verifier", run.version), "install.sh", Buffer.from("#!/bin/sh\n"));
        return "install.sh was uploaded";
      },
    },
  },
  {
    name: "renamed-asset",
    what: "the signed debug policy is published under the name of the locked one, signatures and all",
    lane: "kms",
    stoppedAt: "smoke",
    stoppedBy: ["CK-02", "CK-07", "SC-03", "X-06", "X-07", "X-08", "M-02", "M-09", "C-06"],
    after: {
      step: "publish",
      act: async ({ world, run }) => {
        const tag = releaseTag("kms", run.version);
        for (const suffix of ["", ...SIDECAR_SUFFIXES]) {
          const debug = await readFile(join(world.github.directoryOf(tag), policyAsset("debug") + suffix));
          await world.github.replaceAsset(tag, LOCKED + suffix, debug);
        }
        return "whoever asks for the locked policy gets the debug one";
      },
    },
  },
  {
    name: "replayed-release",
    what: "an old release is published again under a new tag, file by file, signatures and all",
    lane: "node",
    stoppedAt: "smoke",
    stoppedBy: ["SC-01", "SC-12"],
    published: "node-release",
    prepares: true,
    interference: { version: "0.2.0" },
    after: {
      step: "publish",
      act: async ({ world, run }) => {
        const old = world.github.directoryOf("mero-tee-v0.1.0");
        for (const name of await readdir(old))
          await world.github.replaceAsset(releaseTag("node", run.version), name, await readFile(join(old, name)));
        return "every file of 0.2.0 is that of 0.1.0";
      },
    },
  },
  {
    name: "stale-catalog",
    what: "the release is published, and the catalog does not list it",
    lane: "kms",
    stoppedAt: "catalog",
    stoppedBy: ["P-06"],
    afterwards: (scene) => [
      {
        id: "catalog",
        title: "is the catalog up to date",
        run: async () => {
          expectOk(await scene.tools.meroTee([...catalogArguments(scene), "--check"]));
          return "it lists the release";
        },
      },
    ],
  },
  {
    name: "candidate-as-stable",
    what: "a candidate is published as if it were a release",
    lane: "node",
    stoppedAt: "smoke",
    stoppedBy: ["P-03"],
    prepares: true,
    interference: { version: "0.2.0-rc.1" },
    after: {
      step: "publish",
      act: async ({ world, run }) => {
        world.github.setPrerelease(releaseTag("node", run.version), false);
        return await Promise.resolve("the mark of a prerelease was taken away");
      },
    },
  },
  {
    name: "compose-without-key-provider",
    what: "the composition names no key service",
    ...COMPOSITION,
    prepares: changedCompose((document) => {
      delete document["key_provider_id"];
    }),
  },
  {
    name: "compose-with-variable",
    what: "the composition has a ${…} that the deployer fills in",
    ...COMPOSITION,
    prepares: changedCompose((document) => {
      document["docker_compose_file"] = String(document["docker_compose_file"]).replace('"60"', '"${CHALLENGE_TTL}"');
    }),
  },
  {
    name: "compose-with-extra-envs",
    what: "the composition lets the deployer set what it should not",
    ...COMPOSITION,
    prepares: changedCompose((document) => {
      document["allowed_envs"] = ["REDIS_URL", "MERO_TEE_RELEASES_URL"];
    }),
  },
  {
    name: "unreviewed-policy",
    what: "the probes saw other values than were reviewed",
    lane: "kms",
    stoppedAt: "judge",
    stoppedBy: ["P-04"],
    spoil: async ({ run }) => {
      const reviewed = join(run.reviewed ?? "", "kms.debug.json");
      await editJson(reviewed, ["policy", "kms_allowed_rtmr2"], ["cd".repeat(48)]);
    },
  },
  {
    name: "policy-not-promoted",
    what: "one profile has no reviewed policy",
    lane: "kms",
    stoppedAt: "judge",
    stoppedBy: ["P-04"],
    spoil: async ({ run }) => await rm(join(run.reviewed ?? "", "kms.debug.json")),
  },
  {
    name: "release-exists",
    what: "the tag was released before",
    lane: "node",
    stoppedAt: "gate",
    stoppedBy: ["release-exists"],
    published: "node-release",
  },
  {
    name: "feature-branch",
    what: "a release is published from a branch",
    lane: "verifier",
    stoppedAt: "gate",
    stoppedBy: ["G-04"],
    interference: { ref: "refs/heads/feature" },
  },
  {
    name: "node-release-missing",
    what: "there is no node release of the version",
    lane: "kms",
    stoppedAt: "node-release",
    stoppedBy: ["NODE_RELEASE_MISSING"],
    published: "nothing",
  },
  {
    name: "node-release-broken",
    what: "the node release that the KMS is made for does not hold",
    lane: "kms",
    stoppedAt: "node-release",
    stoppedBy: ["CK-03", "X-09", "C-01", "C-06"],
    spoil: async ({ world, run }) => {
      const tag = releaseTag("node", run.version);
      const text = await readFile(join(world.github.directoryOf(tag), ASSET.publishedMrtds), "utf8");
      const edited = text.replace('"UpToDate"', '"OutOfDate"');
      await world.github.replaceAsset(tag, ASSET.publishedMrtds, Buffer.from(edited));
    },
  },
  {
    name: "damaged-upload",
    what: "a file arrives damaged at the host",
    lane: "verifier",
    stoppedAt: "publish",
    stoppedBy: ["upload-differs"],
    spoil: async ({ world }) => {
      world.github.damageUpload("verifier-offline.html");
      await Promise.resolve();
    },
  },
  {
    name: "policy-re-signed",
    what: "another policy is signed for the same tag, by the right workflow, and published in place of the first",
    lane: "kms",
    stoppedAt: "audit-again",
    stoppedBy: ["P-07"],
    afterwards: (scene) => [
      { id: "audit", title: "audit as every week", run: async () => await audit(scene) },
      { id: "interference", title: "somebody interferes", run: async () => await signAgain(scene) },
      { id: "verify-again", title: "verify the second release", run: async () => await verifyAgain(scene) },
      { id: "audit-again", title: "audit as every week", run: async () => await audit(scene) },
    ],
  },
  {
    name: "mock-root-on-pinned-image",
    what: "an image with a profile pin is offered the rehearsal's Sigstore root",
    lane: "kms",
    stoppedAt: "start",
    stoppedBy: ["P-08"],
    afterwards: ({ world, run }) => [
      { id: "start", title: "a pinned KMS starts", run: async () => await startPinned(world, run.version) },
    ],
  },
];
