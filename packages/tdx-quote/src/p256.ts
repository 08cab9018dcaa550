import { equalBytes } from "./equal-bytes.ts";
import { toHex } from "./hex.ts";

/**
 * Verifies ECDSA signatures over P-256 and SHA-256. One verifier serves one verification: it imports each key once and
 * remembers each check, so independent checks can be started side by side, and the pass that gives the verdict in its
 * order only awaits what already runs.
 */
export interface P256Verifier {
  /**
   * Whether `signature` (`r || s`, 64 bytes, low or high s) is one of `message` by `publicKey` (65 bytes, `04 || x || y`).
   * Bytes of another length, a point off the curve and scalars outside 1..n-1 give false. The promise never rejects.
   */
  readonly verify: (publicKey: Uint8Array, signature: Uint8Array, message: Uint8Array) => Promise<boolean>;
  /** Whether 65 bytes are a public key at all. The promise never rejects. */
  readonly importable: (publicKey: Uint8Array) => Promise<boolean>;
}

/** WebCrypto's key, by whatever name the run time's own types know it. */
type ImportedKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>;

interface Check {
  readonly message: Uint8Array<ArrayBuffer>;
  readonly verdict: Promise<boolean>;
}

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

/**
 * Makes a verifier over WebCrypto with a memory of its own.
 *
 * Source: FIPS 186-5, section 6.4.2; W3C Web Cryptography API, section 23 (ECDSA).
 */
export function createP256Verifier(): P256Verifier {
  const keys = new Map<string, Promise<ImportedKey | null>>();
  const checks = new Map<string, Check[]>();

  const importKey = (publicKey: Uint8Array): Promise<ImportedKey | null> => {
    const id = toHex(publicKey);
    const known = keys.get(id);
    if (known !== undefined) return known;
    // Some run times import compressed points too. A rejection says that the bytes are no point: an answer, no accident.
    const key =
      publicKey.length === 65
        ? crypto.subtle.importKey("raw", publicKey.slice(), ALGORITHM, false, ["verify"]).catch((): null => null)
        : Promise.resolve(null);
    keys.set(id, key);
    return key;
  };

  const run = async (publicKey: Uint8Array, signature: Uint8Array, message: Uint8Array<ArrayBuffer>): Promise<boolean> => {
    // Taken before the first await: what the caller does to its buffer afterwards changes nothing.
    const signed = signature.slice();
    const key = await importKey(publicKey);
    if (key === null || signed.length !== 64) return false;
    // Some run times reject scalars outside 1..n-1 where others say false.
    return crypto.subtle.verify(ALGORITHM, key, signed, message).catch((): boolean => false);
  };

  return {
    verify(publicKey, signature, message) {
      const id = `${toHex(publicKey)}:${toHex(signature)}`;
      const sameParties = checks.get(id) ?? [];
      const known = sameParties.find((check) => equalBytes(check.message, message));
      if (known !== undefined) return known.verdict;
      const copy = message.slice();
      const check = { message: copy, verdict: run(publicKey, signature, copy) };
      checks.set(id, [...sameParties, check]);
      return check.verdict;
    },
    importable: async (publicKey) => (await importKey(publicKey)) !== null,
  };
}
