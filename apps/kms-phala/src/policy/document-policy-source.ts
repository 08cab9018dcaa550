import { POLICY_DOCUMENT_LIMIT_BYTES, type Profile } from "@mero-tee/policy";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";
import { matchNodePolicy } from "./node-policy.ts";
import { matchPin, readPolicyDocument } from "./policy-document.ts";
import { type TrustedSigner, verifyPolicySignature } from "./policy-signature.ts";
import type { LoadedPolicy, PolicySigner, PolicySource, PolicySourceError, ReadAsset } from "./policy-source.ts";

/**
 * What stands behind a policy's name in the name of its signature. The main form first, and the older one only where that is
 * missing; `.sig` with `.pem` is no form of it, since nothing in them proves that the certificate counted at the time.
 *
 * Source: docs/releases.md.
 */
const BUNDLE_SUFFIXES = [".sigstore.json", ".bundle.json"] as const;

/** Longest bundle that is read. */
const BUNDLE_LIMIT_BYTES = 262_144;

/** What a policy document has to hold against, besides its own form. */
export interface DocumentDemands {
  readonly profile: Profile;
  /** The release that it must name, without prefix; null where no release is configured. */
  readonly tag: string | null;
  /** The oldest release whose policy is taken, without prefix; null where any is. */
  readonly oldest: string | null;
  /** Pins its exact bytes; lower-case hex, or null. */
  readonly sha256: string | null;
  /** Pins the bytes of the node release's measurements, which it must agree with; lower-case hex, or null. */
  readonly nodeSha256: string | null;
  /** Whether a policy without a signature is refused. A signature that is there must hold in any case. */
  readonly isSignatureRequired: boolean;
  readonly signer: TrustedSigner;
}

/** Settings of {@link createDocumentPolicySource}. */
export interface DocumentPolicyOptions {
  readonly label: string;
  /** Where the policy may be, in this order: the next one only where the one before is missing. */
  readonly candidates: readonly { readonly location: string; readonly isLegacyFile: boolean }[];
  /** Where the node release's measurements are. */
  readonly nodeDocument: string;
  readonly read: ReadAsset;
  readonly demands: DocumentDemands;
}

/**
 * A policy in a document of the released form: its digest is compared first, then the signature over its bytes, and only a
 * document that passed both is read.
 */
export function createDocumentPolicySource(options: DocumentPolicyOptions): PolicySource {
  const { label, candidates, read, demands } = options;
  return {
    label,
    isRetried: true,
    async load() {
      for (const { location, isLegacyFile } of candidates) {
        const bytes = await read(location, POLICY_DOCUMENT_LIMIT_BYTES);
        if (bytes.ok) return await judge(bytes.value, location, isLegacyFile, options);
        if (bytes.error.code !== "policy-not-found" || candidates.length === 1) return bytes;
      }
      return err({ code: "policy-not-found", reason: `there is no policy for the profile ${demands.profile}` });
    },
  };
}

async function judge(
  bytes: Uint8Array,
  location: string,
  isLegacyFile: boolean,
  { demands, read, nodeDocument }: DocumentPolicyOptions,
): Promise<Result<LoadedPolicy, PolicySourceError>> {
  const sha256 = matchPin(bytes, demands.sha256);
  if (!sha256.ok) return sha256;
  const signer = await findSigner(bytes, location, read, demands);
  if (!signer.ok) return signer;
  const policy = readPolicyDocument(bytes, { ...demands, isLegacyFile });
  if (!policy.ok) return policy;
  const { nodeSha256, profile } = demands;
  if (nodeSha256 !== null) {
    const published = await read(nodeDocument, POLICY_DOCUMENT_LIMIT_BYTES);
    if (!published.ok) return about("the measurements of the node release cannot be read", published.error);
    const agreed = matchNodePolicy(bytes, published.value, nodeSha256, profile);
    if (!agreed.ok) return agreed;
  }
  return ok({ policy: policy.value, sha256: sha256.value, signer: signer.value, nodePolicySha256: nodeSha256 });
}

async function findSigner(
  bytes: Uint8Array,
  location: string,
  read: ReadAsset,
  { isSignatureRequired, signer }: DocumentDemands,
): Promise<Result<PolicySigner | null, PolicySourceError>> {
  for (const suffix of BUNDLE_SUFFIXES) {
    const bundle = await read(location + suffix, BUNDLE_LIMIT_BYTES);
    if (bundle.ok) return await verifyPolicySignature(bytes, bundle.value, signer);
    if (bundle.error.code !== "policy-not-found")
      return about("the signature of the policy cannot be read", bundle.error);
  }
  if (!isSignatureRequired) return ok(null);
  return err({
    code: "policy-unsigned",
    reason: "the policy is not signed",
    detail: `neither ${BUNDLE_SUFFIXES.join(" nor ")} stands beside it`,
  });
}

/** The same failure, with a reason that says what it kept from being read. */
function about(reason: string, error: PolicySourceError): Result<never, PolicySourceError> {
  return err({ ...error, reason });
}
