import type { Certificate } from "./certificate.ts";
import { equalBytes } from "./equal-bytes.ts";
import type { P256Verifier } from "./p256.ts";

/** Something signed: a certificate, a CRL, a document, a report. */
export interface Signed {
  /** `r || s`, 64 bytes. */
  readonly signature: Uint8Array;
  readonly message: Uint8Array;
}

/**
 * Whether a certificate's key made a signature; never true for a certificate without a P-256 key, or without a certificate.
 */
export async function isSignedBy(
  signer: Certificate | undefined,
  { signature, message }: Signed,
  verifier: P256Verifier,
): Promise<boolean> {
  const key = signer?.publicKey ?? null;
  return key !== null && verifier.verify(key, signature, message);
}

/** A signature and the certificate that should have made it. */
export interface SignatureCheck extends Signed {
  readonly signer: Certificate | undefined;
}

/** The checks inside a chain, from the root down: each certificate by the next one, the last by itself. */
export function chainChecks(chain: readonly Certificate[]): readonly SignatureCheck[] {
  return chain
    .map((certificate, index) => ({
      signer: chain[index + 1] ?? certificate,
      signature: certificate.signature,
      message: certificate.tbs,
    }))
    .toReversed();
}

/**
 * Starts checks side by side. The verdicts are not looked at here: the verifier remembers them, and whoever judges in
 * the prescribed order awaits what already runs. One verification after the other would wait ten times.
 */
export function startSignatureChecks(checks: readonly SignatureCheck[], verifier: P256Verifier): void {
  for (const { signer, signature, message } of checks) {
    // The promise cannot reject, and what judges later gets the same one.
    void isSignedBy(signer, { signature, message }, verifier);
  }
}

/** Whether chains end in the trust anchor: worth starting the expensive checks, no verdict yet. */
export function allEndInRoot(chains: readonly (readonly Certificate[])[], rootCa: Uint8Array): boolean {
  return chains.every((chain) => {
    const root = chain.at(-1);
    return root !== undefined && equalBytes(root.der, rootCa);
  });
}
