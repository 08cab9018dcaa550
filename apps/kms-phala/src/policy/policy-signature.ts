import { GITHUB_ACTIONS_ISSUER, laneIdentity } from "@mero-tee/release-artifacts";
import {
  describeSigstoreError,
  parseSigstoreBundle,
  type SignedArtifact,
  type SigstoreError,
  type TrustedRoot,
  verifySigstore,
} from "@mero-tee/release-artifacts/sigstore";
import { isJsonObject, parseStrictJson } from "@mero-tee/tdx-quote/json";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";
import type { PolicySigner, PolicySourceError } from "./policy-source.ts";

/** Whose signatures count. */
export interface TrustedSigner {
  /** `OWNER/NAME`; the workflow that releases a KMS from it signs its policies. */
  readonly repository: string;
  readonly trustedRoot: TrustedRoot;
}

/**
 * Verifies that the KMS lane's workflow signed a policy, in a run that the policy itself names.
 *
 * Certificate, log, time and identity alone would accept a policy of this workflow from any run; what the certificate says
 * about the run must agree with the document. The source repository is compared as well: another repository may call the
 * same workflow, and its certificates then carry the same identity.
 *
 * @param document - the very bytes that were signed
 * @param bundle - a Sigstore bundle in any of its JSON forms, or cosign's older one
 * Errors: `policy-signature-refused`; `detail` says which check refused.
 * Source: docs/releases.md.
 */
export async function verifyPolicySignature(
  document: Uint8Array,
  bundle: Uint8Array,
  { repository, trustedRoot }: TrustedSigner,
): Promise<Result<PolicySigner, PolicySourceError>> {
  const parsed = parseSigstoreBundle(bundle);
  if (!parsed.ok) return refuseBundle(parsed.error);
  const signed = await verifySigstore({ bytes: document }, parsed.value, {
    trustedRoot,
    identity: laneIdentity("kms", repository),
    issuer: GITHUB_ACTIONS_ISSUER,
  });
  if (!signed.ok) return refuseBundle(signed.error);
  // An attestation says something about a file; a released file is signed itself.
  if (signed.value.form !== "message-signature") return refuseRun("it is an attestation");
  const difference = runDifference(signed.value, document, repository);
  if (difference !== null) return refuseRun(difference);
  const { identity, integratedTime, logEntries } = signed.value;
  return ok({ identity, integratedTime, logIndex: logEntries[0].logIndex });
}

/** What the certificate says about the run and the document does not; null where they agree. */
function runDifference({ extensions }: SignedArtifact, document: Uint8Array, repository: string): string | null {
  const named = (name: string): string | null => memberText(document, name);
  const commit = named("commit_sha");
  if (commit === null) return "the policy names no commit";
  const home = `https://github.com/${repository}`;
  const [run, attempt] = [named("workflow_run_id"), named("workflow_run_attempt")];
  const expected: readonly (readonly [what: string, actual: string | undefined, wanted: string | null])[] = [
    ["source repository", extensions.sourceRepositoryUri, home],
    ["commit", extensions.sourceRepositoryDigest, commit],
    ["trigger", extensions.buildTrigger, "push"],
    ["runner", extensions.runnerEnvironment, "github-hosted"],
    // Policies of old releases do not name their run; those that do must name the one that signed.
    ["run", extensions.runInvocationUri, run === null ? null : `${home}/actions/runs/${run}/attempts/${attempt ?? ""}`],
  ];
  const wrong = expected.find(([, actual, wanted]) => wanted !== null && actual !== wanted);
  return wrong === undefined ? null : `its certificate is of another ${wrong[0]}`;
}

function memberText(document: Uint8Array, name: string): string | null {
  const json = parseStrictJson(document);
  const value = json.ok && isJsonObject(json.value) ? json.value.get(name) : null;
  return typeof value === "string" ? value : null;
}

function refuseBundle(error: SigstoreError): Result<never, PolicySourceError> {
  return err({
    code: "policy-signature-refused",
    reason: `the signature of the policy is refused: ${error.code}`,
    detail: describeSigstoreError(error),
  });
}

function refuseRun(difference: string): Result<never, PolicySourceError> {
  return err({
    code: "policy-signature-refused",
    reason: "the signature of the policy is refused: it is of another run than the policy names",
    detail: difference,
  });
}
