import { sha256 } from "@noble/hashes/sha2.js";
import { createSignatureVerifier, type SidecarBytes } from "@mero-tee/release-artifacts";
import {
  describeSigstoreError,
  parseDetachedSignature,
  type SigstoreErrorCode,
  SIGSTORE_ERROR_CODES,
  verifyDetachedSignature,
} from "@mero-tee/release-artifacts/sigstore";
import { toHex } from "@mero-tee/tdx-quote/hex";

import type { ReferenceProblem } from "./reference-values.ts";
import type { AssetSignature } from "./report.ts";
import type { AttesterKind, ReleaseAsset, ReleaseSigners } from "./request.ts";

/** How an asset was signed, and why that does not count; null where it does. */
export interface JudgedSignature {
  readonly signature: AssetSignature;
  readonly problem: ReferenceProblem | null;
}

/** What the certificate says about the run that signed. */
interface RunFacts {
  readonly commit: string | null;
  readonly trigger: string | null;
  readonly runnerEnvironment: string | null;
}

/**
 * Verifies who signed an asset: every bundle that is there has to hold. A bare signature with its certificate proves the
 * signer and no time; that is told apart, and never better than a reservation.
 *
 * @param commit - what the documents of the release name; null where they name none
 */
export async function judgeSignature(
  asset: ReleaseAsset,
  kind: AttesterKind,
  signers: ReleaseSigners,
  commit: string | null,
): Promise<JudgedSignature> {
  const { bytes, sidecars } = asset;
  const base = { ...NOTHING, asset: asset.name, sha256: toHex(sha256(bytes)) };
  if (!sidecars.has(".sigstore.json") && !sidecars.has(".bundle.json")) {
    return await judgeDetached(asset, kind, signers, commit, base);
  }
  const signer = { identity: signers.identities[kind], issuer: signers.issuer, trustedRoot: signers.trustedRoot };
  const verified = await createSignatureVerifier(signer)(asset.name, async () => bytes, sidecars);
  if (!verified.ok) {
    const { code, message } = verified.error;
    return { signature: base, problem: { code: sigstoreCode(code), sentence: message } };
  }
  const { identity, issuer, logIndex, integratedTime } = verified.value;
  const run = runProblem(asset.name, verified.value, commit);
  const signature = {
    ...base,
    form: "bundle" as const,
    identity,
    issuer,
    commit: verified.value.commit,
    logIndex,
    integratedTime,
  };
  return { signature, problem: run };
}

const NOTHING: Omit<AssetSignature, "asset" | "sha256"> = {
  form: "none",
  identity: null,
  issuer: null,
  commit: null,
  logIndex: null,
  integratedTime: null,
};

function sigstoreCode(code: string): SigstoreErrorCode {
  return SIGSTORE_ERROR_CODES.find((known) => known === code) ?? "bundle-malformed";
}

/** Identity and time alone would accept a file of the same workflow from any other run. */
function runProblem(name: string, run: RunFacts, commit: string | null): ReferenceProblem | null {
  const facts = [
    ["commit", run.commit, commit ?? run.commit],
    ["trigger", run.trigger, "push"],
    ["runner", run.runnerEnvironment, "github-hosted"],
  ] as const;
  const wrong = facts.find(([, actual, expected]) => actual === null || actual !== expected);
  if (wrong === undefined) return null;
  return {
    code: "release-run-mismatch",
    sentence: `The certificate of ${name} is of another ${wrong[0]} than the release's.`,
  };
}

async function judgeDetached(
  asset: ReleaseAsset,
  kind: AttesterKind,
  { identities, issuer, trustedRoot }: ReleaseSigners,
  commit: string | null,
  base: AssetSignature,
): Promise<JudgedSignature> {
  const files = detachedFiles(asset.sidecars);
  if (files === null) {
    return { signature: base, problem: { code: "release-unsigned", sentence: `${asset.name} is not signed.` } };
  }
  const parsed = parseDetachedSignature(files);
  const verified = parsed.ok
    ? await verifyDetachedSignature(asset.bytes, parsed.value, { identity: identities[kind], issuer, trustedRoot })
    : parsed;
  if (!verified.ok) {
    const sentence = `${asset.name}: ${describeSigstoreError(verified.error)}`;
    return { signature: base, problem: { code: verified.error.code, sentence } };
  }
  const { identity, extensions } = verified.value;
  const run: RunFacts = {
    commit: extensions.sourceRepositoryDigest ?? null,
    trigger: extensions.buildTrigger ?? null,
    runnerEnvironment: extensions.runnerEnvironment ?? null,
  };
  const signature = {
    ...base,
    form: "unwitnessed" as const,
    identity,
    issuer: verified.value.issuer,
    commit: run.commit,
  };
  return { signature, problem: runProblem(asset.name, run, commit) };
}

function detachedFiles(sidecars: SidecarBytes): { readonly signature: string; readonly certificate: string } | null {
  const [signature, certificate] = [sidecars.get(".sig"), sidecars.get(".pem")];
  if (signature === undefined || certificate === undefined) return null;
  const decoder = new TextDecoder();
  return { signature: decoder.decode(signature), certificate: decoder.decode(certificate) };
}
