import { type Profile, PROFILES } from "@mero-tee/policy";
import { toHex } from "@mero-tee/tdx-quote/hex";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";
import { sha256 } from "@noble/hashes/sha2.js";

import type { ComposeTemplate } from "./compose-template.ts";
import { parseReleaseVersion } from "./release-version.ts";

/** What a deployment of the KMS chooses; everything else of its composition is the template's. */
export interface KmsDeployment {
  /** The image by digest: `NAME@sha256:…`. */
  readonly image: string;
  /** Bare. */
  readonly version: string;
  readonly profile: Profile;
  /** Digest of the `published-mrtds.json` whose measurements nodes must have, 64 hex digits. */
  readonly nodePolicySha256: string;
  /** The port that the platform exposes. */
  readonly servicePort: number;
  /** The key of the dstack KMS from which the application takes its keys, as in the event `key-provider`: hex. */
  readonly keyProviderId: string;
  /** Whether the deployer may name a Redis, which is not measured, so that several instances share their challenges. */
  readonly hasRedis: boolean;
}

/** A part of a {@link KmsDeployment} that must not be deployed. */
export interface DeploymentError {
  readonly code: "deployment-malformed";
  readonly field: keyof KmsDeployment;
  readonly expected: string;
}

/** What a guest of the KMS is started with. */
export interface KmsAppCompose {
  /** The bytes to deploy, as they are: keys sorted and no blanks, which is how dstack's tools write the document. */
  readonly text: string;
  /** The composition in it. */
  readonly dockerCompose: string;
  /** SHA-256 of the text: what a guest with this document measures. */
  readonly composeHash: string;
  /** Name of the deployment. */
  readonly name: string;
}

const IMAGE = /^[a-z0-9][a-z0-9._-]*(?::\d{1,5})?(?:\/[a-z0-9][a-z0-9._-]*)+@sha256:[0-9a-f]{64}$/;
const LONGEST_IMAGE = 320;

type Demand = readonly [isMet: (deployment: KmsDeployment) => boolean, expected: string];

const DEMANDS = {
  image: [
    ({ image }) => image.length <= LONGEST_IMAGE && IMAGE.test(image),
    "an image by digest and without a tag: REGISTRY/NAME@sha256: and 64 hex digits",
  ],
  version: [({ version }) => parseReleaseVersion(version) !== null, "a bare version, such as 2.4.0 or 2.4.0-rc.1"],
  profile: [({ profile }) => PROFILES.includes(profile), `one of ${PROFILES.join(", ")}`],
  nodePolicySha256: [({ nodePolicySha256 }) => /^[0-9a-f]{64}$/.test(nodePolicySha256), "64 lower-case hex digits"],
  servicePort: [
    ({ servicePort }) => Number.isInteger(servicePort) && servicePort >= 1 && servicePort <= 65_535,
    "a port, 1 to 65535",
  ],
  keyProviderId: [
    ({ keyProviderId }) => /^(?:[0-9a-f]{2}){16,512}$/.test(keyProviderId),
    "the key of a dstack KMS, 16 to 512 bytes of lower-case hex",
  ],
  hasRedis: [({ hasRedis }) => typeof hasRedis === "boolean", "true or false"],
} as const satisfies Record<keyof KmsDeployment, Demand>;

/** Everything in a deployment that must not be deployed, in the order of its fields. */
function deploymentProblems(deployment: KmsDeployment): readonly DeploymentError[] {
  return Object.entries(DEMANDS).flatMap(([name, [isMet, expected]]) =>
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys of the table are those of a deployment
    isMet(deployment) ? [] : [{ code: "deployment-malformed" as const, field: name as keyof KmsDeployment, expected }],
  );
}

/**
 * Makes the app-compose document of a deployment, with its compose hash. The same arguments give the same bytes, so
 * whoever has the template and a release can say what a deployment of it measures as.
 *
 * Errors: every field that must not be deployed, `deployment-malformed`.
 * Source: docs/releases.md; dstack, app-compose.json.
 */
export function kmsAppCompose(
  template: ComposeTemplate,
  deployment: KmsDeployment,
): Result<KmsAppCompose, readonly DeploymentError[]> {
  const problems = deploymentProblems(deployment);
  if (problems.length > 0) return err(problems);
  const { version, profile, keyProviderId, servicePort, hasRedis } = deployment;
  const dockerCompose = template.fillIn({ ...deployment, servicePort: String(servicePort) }, hasRedis);
  const name = `mero-kms-${profile}-${version.replaceAll(".", "-")}`;
  // In the order of their names: the bytes are hashed.
  const text = JSON.stringify({
    allowed_envs: hasRedis ? ["REDIS_URL"] : [],
    docker_compose_file: dockerCompose,
    gateway_enabled: true,
    key_provider_id: keyProviderId,
    kms_enabled: true,
    local_key_provider_enabled: false,
    manifest_version: 2,
    name,
    no_instance_id: false,
    public_logs: true,
    public_sysinfo: false,
    public_tcbinfo: true,
    runner: "docker-compose",
    secure_time: true,
  });
  return ok({ text, dockerCompose, composeHash: toHex(sha256(new TextEncoder().encode(text))), name });
}
