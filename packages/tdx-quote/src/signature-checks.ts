import type { Certificate } from "./certificate.ts";
import type { P256Verifier } from "./p256.ts";

/** A signature, what it is over, and the key that should have made it. */
export interface SignatureCheck {
  /** 65 bytes; null for a key of an unsupported kind, by which nothing is signed. */
  readonly publicKey: Uint8Array | null;
  /** `r || s`, 64 bytes. */
  readonly signature: Uint8Array;
  readonly message: Uint8Array;
}

/** Signed bytes, as certificates and CRLs have them. */
interface Signed {
  readonly tbs: Uint8Array;
  /** `r || s`, 64 bytes. */
  readonly signature: Uint8Array;
}

/** The check that a certificate's key signed something; without a certificate nothing is signed. */
export function signedBy({ tbs, signature }: Signed, issuer: Certificate | undefined): SignatureCheck {
  return { publicKey: issuer?.publicKey ?? null, signature, message: tbs };
}

/** The checks inside a chain, from the root down: each certificate by the next one, the last by itself. */
export function chainChecks(chain: readonly Certificate[]): readonly SignatureCheck[] {
  return chain.map((certificate, index) => signedBy(certificate, chain[index + 1] ?? certificate)).toReversed();
}

/**
 * Starts checks beside what is still to be read and judged. The verdicts are not looked at here: the verifier remembers them.
 */
export function startSignatureChecks(checks: readonly SignatureCheck[], verifier: P256Verifier): void {
  for (const { publicKey, signature, message } of checks) {
    if (publicKey !== null) verifier.start(publicKey, signature, message);
  }
}
