import { bundleFromJSON } from "@sigstore/bundle";
import { TrustedRoot } from "@sigstore/protobuf-specs";
import { toSignedEntity, toTrustMaterial, Verifier } from "@sigstore/verify";

/** What Sigstore's own verifier for JavaScript says: null when it accepts, else its words. */
export type OracleVerdict = string | null;

/** Sigstore's own verifier for JavaScript with one trusted root. */
export function createOracle(
  trustedRootJson: string,
): (bundleJson: string, artifact: Uint8Array, identity: string, issuer: string) => OracleVerdict {
  const verifier = new Verifier(toTrustMaterial(TrustedRoot.fromJSON(JSON.parse(trustedRootJson))));
  return (bundleJson, artifact, identity, issuer) => {
    try {
      const entity = toSignedEntity(bundleFromJSON(JSON.parse(bundleJson)), Buffer.from(artifact));
      verifier.verify(entity, { subjectAlternativeName: `^${RegExp.escape(identity)}$`, extensions: { issuer } });
      return null;
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      const cause = error.cause instanceof Error ? `: ${error.cause.message}` : "";
      return `${"code" in error ? String(error.code) : error.name}: ${error.message}${cause}`;
    }
  };
}
