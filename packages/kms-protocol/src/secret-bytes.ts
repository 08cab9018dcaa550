/** What a secret shows of itself. */
const REDACTED = "[redacted]";

/**
 * Bytes that must not end in a log: printing, inspecting and serialising show `[redacted]`.
 *
 * Wiping clears this one buffer. It cannot reach copies that others made, strings (a key that crossed as JSON was a
 * string before), moves of the collector, or buffers of the kernel and of TLS; the real boundary is the trust domain.
 */
export class SecretBytes {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  #isWiped = false;

  static {
    // The hook that Node's `console` and `util.inspect` look for; without it they show an empty object.
    const hook = Symbol.for("nodejs.util.inspect.custom");
    Object.defineProperty(SecretBytes.prototype, hook, { value: () => REDACTED });
  }

  /** @param bytes - taken over, not copied: the giver must forget them */
  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.#bytes = bytes;
  }

  /** Number of bytes. */
  get length(): number {
    return this.#bytes.length;
  }

  /**
   * Lends the bytes to a function, which must not keep them.
   *
   * Throws after {@link wipe}: zeros taken for a key would be a bug of the worst kind.
   */
  use<T>(borrow: (bytes: Uint8Array<ArrayBuffer>) => T): T {
    if (this.#isWiped) throw new Error("a wiped secret was used");
    return borrow(this.#bytes);
  }

  /** Overwrites the bytes with zeros. */
  wipe(): void {
    this.#bytes.fill(0);
    this.#isWiped = true;
  }

  /** Never the bytes. */
  toString(): string {
    return REDACTED;
  }

  /** Never the bytes. */
  toJSON(): string {
    return REDACTED;
  }
}
