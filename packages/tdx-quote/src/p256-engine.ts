/**
 * P-256 with SHA-256, as a run time offers it. Which one is in use is decided by the `#p256-engine` import of this
 * package, not by a caller: an engine that could be passed in could say yes to everything.
 */
export interface P256Engine {
  /**
   * Imports a public key, `04 || x || y`.
   *
   * @param publicKey - 65 bytes, taken before the call returns
   * @returns null when the bytes are no point on the curve; never throws, never rejects
   */
  readonly importKey: (publicKey: Uint8Array) => P256Key | null | Promise<P256Key | null>;
}

/** An imported public key. */
export interface P256Key {
  /**
   * Verifies one signature, in a thread of the run time where there is one: calls that overlap run side by side.
   *
   * @param signature - `r || s`, 64 bytes; low and high s are both good (FIPS 186-5 asks for neither)
   * @param message - taken before the call returns, as the signature is
   * @returns false as well for scalars outside 1..n-1; never rejects
   */
  readonly verify: (signature: Uint8Array, message: Uint8Array) => Promise<boolean>;
  /** The same for a verdict that is awaited at once, in the way that gives it soonest. */
  readonly verifyNow: (signature: Uint8Array, message: Uint8Array) => boolean | Promise<boolean>;
}
