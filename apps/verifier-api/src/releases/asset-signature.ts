import { createSignatureVerifier, type LaneSigner, type SidecarSuffix } from "@mero-tee/release-artifacts";
import { parseDetachedSignature, verifyDetachedSignature } from "@mero-tee/release-artifacts/sigstore";

/** The signature files of an asset, by what stands behind its name. */
export type Sidecars = ReadonlyMap<SidecarSuffix, Uint8Array<ArrayBuffer>>;

/**
 * Whether the lane signed a file, as far as what stands beside it goes: every bundle that is there has to hold; where there
 * is none, `.sig` and `.pem`, which say nothing of the time. Readers judge the same files anew and tell the two apart.
 *
 * Source: docs/releases.md.
 */
export async function isSignedByLane(
  name: string,
  bytes: Uint8Array<ArrayBuffer>,
  sidecars: Sidecars,
  signer: LaneSigner,
): Promise<boolean> {
  if (sidecars.has(".sigstore.json") || sidecars.has(".bundle.json")) {
    return (await createSignatureVerifier(signer)(name, () => Promise.resolve(bytes), sidecars)).ok;
  }
  const [signature, certificate] = [sidecars.get(".sig"), sidecars.get(".pem")].map((file) =>
    file === undefined ? null : new TextDecoder().decode(file),
  );
  if (signature === null || signature === undefined || certificate === null || certificate === undefined) return false;
  const detached = parseDetachedSignature({ signature, certificate });
  return detached.ok && (await verifyDetachedSignature(bytes, detached.value, signer)).ok;
}
