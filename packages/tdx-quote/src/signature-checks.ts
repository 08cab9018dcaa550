import type { Certificate } from "./certificate.ts";
import { equalBytes } from "./equal-bytes.ts";
import type { P256Verifier } from "./p256.ts";

/** A signature, what it is over, and the key that should have made it. */
export interface SignatureCheck {
  /** 65 bytes; nothing to check where a certificate has no P-256 key, or there is no certificate. */
  readonly publicKey: Uint8Array | null | undefined;
  /** `r || s`, 64 bytes. */
  readonly signature: Uint8Array;
  readonly message: Uint8Array;
}

/** The checks inside a chain, from the root down: each certificate by the next one, the last by itself. */
export function chainChecks(chain: readonly Certificate[]): readonly SignatureCheck[] {
  return chain
    .map((certificate, index) => ({
      publicKey: (chain[index + 1] ?? certificate).publicKey,
      signature: certificate.signature,
      message: certificate.tbs,
    }))
    .toReversed();
}

/**
 * Starts checks side by side. The verdicts are not looked at here: the verifier remembers them, and whoever judges in
 * the prescribed order awaits what already runs. One verification after the other would wait ten times.
 *
 * @param meanwhile - what the caller does until it judges: see {@link P256Verifier.start}
 */
export function startSignatureChecks(
  checks: readonly SignatureCheck[],
  verifier: P256Verifier,
  meanwhile: "work" | "wait",
): void {
  for (const { publicKey, signature, message } of checks) {
    if (publicKey !== null && publicKey !== undefined) verifier.start(publicKey, signature, message, meanwhile);
  }
}

/** Whether chains end in the trust anchor: worth starting the expensive checks, no verdict yet. */
export function allEndInRoot(chains: readonly (readonly Certificate[])[], rootCa: Uint8Array): boolean {
  const roots = new Set(chains.map((chain) => chain.at(-1)));
  return Array.from(roots).every((root) => root !== undefined && equalBytes(root.der, rootCa));
}
