/**
 * Ed25519 as a run time offers it. Which one is in use is decided by the `#ed25519-engine` import of this package, not by a
 * caller: an engine that could be passed in could say yes to everything.
 */
export interface Ed25519Engine {
  /**
   * The verification equation, nothing else: key and S are judged before.
   *
   * @param publicKey - 32 bytes
   * @param signature - 64 bytes `R ‖ S`
   * Source: RFC 8032, section 5.1.7.
   */
  readonly verify: (
    publicKey: Uint8Array<ArrayBuffer>,
    payload: Uint8Array<ArrayBuffer>,
    signature: Uint8Array<ArrayBuffer>,
  ) => boolean | Promise<boolean>;
}
