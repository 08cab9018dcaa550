import { ok, type Result } from "@mero-tee/tdx-quote/result";

import type { ReleaseLane } from "./lane.ts";
import type { SidecarBytes, SignatureFailure, SignatureView, VerifySignature } from "./signature-port.ts";
import {
  describeSigstoreError,
  type ExpectedIdentity,
  parseSigstoreBundle,
  type SignedArtifact,
  type SigstoreError,
  type SigstoreErrorCode,
  type TrustedRoot,
  verifySigstore,
} from "./sigstore/index.ts";

/** The OpenID provider of GitHub's workflows. */
export const GITHUB_ACTIONS_ISSUER = "https://token.actions.githubusercontent.com";

const WORKFLOWS: Readonly<Record<ReleaseLane, string>> = {
  kms: "release-kms-phala.yaml",
  node: "release-node-image-gcp.yaml",
  verifier: "release-attestation-verifier.yaml",
};

/**
 * Who signs the releases of a lane: its workflow on the protected branch, exactly.
 *
 * @param repository - `OWNER/NAME`
 * Source: docs/releases.md.
 */
export function laneIdentity(lane: ReleaseLane, repository: string): ExpectedIdentity {
  return { exact: `https://github.com/${repository}/.github/workflows/${WORKFLOWS[lane]}@refs/heads/master` };
}

/** Whose signatures count. */
export interface LaneSigner {
  readonly identity: ExpectedIdentity;
  readonly issuer: string;
  readonly trustedRoot: TrustedRoot;
}

/** The bundles that prove when and by whom a file was signed; every one that is there has to hold. */
const BUNDLES = [".sigstore.json", ".bundle.json"] as const;

/** Refusals about the file, its signature or the signer; all others are about what proves time, chain and log. */
const ABOUT_SIGNATURE: ReadonlySet<SigstoreErrorCode> = new Set([
  "bundle-malformed",
  "bundle-media-type-unsupported",
  "artifact-digest-mismatch",
  "artifact-signature-invalid",
  "signer-identity-mismatch",
  "signer-issuer-mismatch",
]);

/** Makes the port that verifies the assets of a release with Sigstore. */
export function createSignatureVerifier(signer: LaneSigner): VerifySignature {
  return async (file, read, sidecars) => await verifyBundles(file, await read(), sidecars, signer);
}

async function verifyBundles(
  file: string,
  bytes: Uint8Array,
  sidecars: SidecarBytes,
  signer: LaneSigner,
): Promise<Result<SignatureView, SignatureFailure>> {
  let view: SignatureView | null = null;
  for (const suffix of BUNDLES) {
    const content = sidecars.get(suffix);
    if (content === undefined) continue;
    const bundle = parseSigstoreBundle(content);
    if (!bundle.ok) return refused(`${file}${suffix}`, bundle.error);
    const signed = await verifySigstore({ bytes }, bundle.value, signer);
    if (!signed.ok) return refused(`${file}${suffix}`, signed.error);
    // An attestation says something about a file; a released file is signed itself.
    if (signed.value.form !== "message-signature") {
      return refused(`${file}${suffix}`, {
        code: "bundle-malformed",
        subject: "dsseEnvelope",
        reason: "must be a signature over the file",
      });
    }
    view ??= viewOf(signed.value);
  }
  if (view === null) return refused(file, { code: "log-entry-missing" });
  return ok(view);
}

function refused(file: string, error: SigstoreError): { readonly ok: false; readonly error: SignatureFailure } {
  const aspect = ABOUT_SIGNATURE.has(error.code) ? "signature" : "evidence";
  return { ok: false, error: { aspect, code: error.code, message: `${file}: ${describeSigstoreError(error)}` } };
}

function viewOf({ identity, issuer, extensions, integratedTime, logEntries: [entry] }: SignedArtifact): SignatureView {
  return {
    identity,
    issuer,
    logIndex: String(entry.logIndex),
    integratedTime,
    commit: extensions.sourceRepositoryDigest ?? null,
    trigger: extensions.buildTrigger ?? null,
    runnerEnvironment: extensions.runnerEnvironment ?? null,
    repositoryId: extensions.sourceRepositoryIdentifier ?? null,
    ownerId: extensions.sourceRepositoryOwnerIdentifier ?? null,
    runUri: extensions.runInvocationUri ?? null,
  };
}
