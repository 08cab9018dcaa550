/**
 * Ed25519 as a run time offers it. Which one is in use is decided by the `#ed25519-engine` import of this package, not by a
 * caller: an engine that could be passed in could say yes to everything.
 */
export interface Ed25519Engine {
  /** Imports a public key that was judged before: 32 bytes, taken before the call returns. */
  readonly importKey: (publicKey: Uint8Array<ArrayBuffer>) => Ed25519Key;
}

/** An imported public key. */
export interface Ed25519Key {
  /**
   * The verification equation, nothing else: S is judged before.
   *
   * @param signature - 64 bytes `R ‖ S`
   * Source: RFC 8032, section 5.1.7.
   */
  readonly verify: (payload: Uint8Array<ArrayBuffer>, signature: Uint8Array<ArrayBuffer>) => boolean | Promise<boolean>;
}
