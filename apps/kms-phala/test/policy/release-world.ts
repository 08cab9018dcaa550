import { createHash } from "node:crypto";
import { PROFILES } from "@mero-tee/policy";
import { GITHUB_ACTIONS_ISSUER } from "@mero-tee/release-artifacts";
import { parseTrustedRoot, type TrustedRoot } from "@mero-tee/release-artifacts/sigstore";
import type { GuestProfile } from "@mero-tee/tee-simulator";
import {
  createSimulatedSigstore,
  type SignedFiles,
  type SignOptions,
  type SimulatedSigstore,
} from "@mero-tee/tee-simulator/sigstore";
import type { DocumentDemands } from "../../src/policy/document-policy-source.ts";
import { NOW, platform } from "../harness.ts";

const REPOSITORY = "calimero-network/mero-tee";
const VERSION = "2.4.0";
const COMMIT = "c0".repeat(20);
const HOME = `https://github.com/${REPOSITORY}`;

/** The workflow that releases a KMS, at the branch that it releases from. */
export const KMS_IDENTITY: string = `${HOME}/.github/workflows/release-kms-phala.yaml@refs/heads/master`;

/** A Sigstore of the tests' own, which stands for the public one. */
export const sigstore: SimulatedSigstore = createSimulatedSigstore({ now: NOW, seed: "kms policies" });

export function trustedRootOf(json: string): TrustedRoot {
  const parsed = parseTrustedRoot(json);
  if (!parsed.ok) throw new Error(parsed.error.code);
  return parsed.value;
}

const TRUSTED_ROOT: TrustedRoot = trustedRootOf(sigstore.trustedRoot);

export function sha256(text: string | Uint8Array): string {
  return createHash("sha256").update(text).digest("hex");
}

/** A JSON document as an object whose members a test may change. */
export type Editable = Record<string, unknown> & { policy: Record<string, unknown> };

const SIMULATED: readonly Editable[] = PROFILES.map((profile): Editable =>
  JSON.parse(platform.policyDocumentFor(profile, { tag: VERSION })),
);

/** The measurements that the node release publishes for the simulated nodes: those of their policies. */
export const PUBLISHED: string = `${JSON.stringify({
  schema_version: 1,
  role: "node",
  tag: VERSION,
  commit_sha: COMMIT,
  generated_at: "2026-01-15T10:20:00Z",
  profiles: Object.fromEntries(
    SIMULATED.map(({ profile, policy }) => {
      const names = ["tcb_statuses", "mrtd", "rtmr0", "rtmr1", "rtmr2", "rtmr3"];
      const allowed = names.map((name) => [`allowed_${name}`, policy[`node_allowed_${name}`]]);
      const { mrtd } = platform.measurementsFor("node", "debug");
      return [profile, { mrtd, ...Object.fromEntries(allowed) }];
    }),
  ),
  measurement_sets: SIMULATED.flatMap(({ policy }) => policy["node_measurement_sets"]),
})}\n`;

/** The policy that a release publishes for the simulated nodes, with anything changed. */
export function policyOf(
  edit: (document: Editable) => void = () => undefined,
  profile: GuestProfile = "locked-read-only",
  version: string = VERSION,
): string {
  const document: Editable = JSON.parse(platform.policyDocumentFor(profile, { tag: version }));
  document["commit_sha"] = COMMIT;
  document["workflow_run_id"] = "7100000002";
  document["workflow_run_attempt"] = "1";
  document["node_policy"] = {
    url: `${HOME}/releases/download/mero-tee-v${version}/published-mrtds.json`,
    sha256: sha256(PUBLISHED),
  };
  edit(document);
  return `${JSON.stringify(document, null, 2)}\n`;
}

export const POLICY: string = policyOf();

/** What Fulcio writes about the run that releases {@link POLICY}. */
export const RUN: NonNullable<SignOptions["extensions"]> = {
  sourceRepositoryUri: HOME,
  sourceRepositoryDigest: COMMIT,
  buildTrigger: "push",
  runnerEnvironment: "github-hosted",
  runInvocationUri: `${HOME}/actions/runs/7100000002/attempts/1`,
};

/** Signs a document as the release workflow does, but for what a test changes. */
export function sign(document: string, options: Partial<SignOptions> = {}): SignedFiles {
  return sigstore.sign(new TextEncoder().encode(document), {
    identity: KMS_IDENTITY,
    issuer: GITHUB_ACTIONS_ISSUER,
    extensions: RUN,
    ...options,
  });
}

/** The bundle of {@link sign}. */
export function bundleOf(document: string, options: Partial<SignOptions> = {}): string {
  return sign(document, options).bundle;
}

/** What a KMS of that release demands, with its signature and nothing pinned. */
export const DEMANDS: DocumentDemands = {
  profile: "locked-read-only",
  tag: VERSION,
  oldest: null,
  sha256: null,
  nodeSha256: null,
  isSignatureRequired: true,
  signer: { repository: REPOSITORY, trustedRoot: TRUSTED_ROOT },
};
