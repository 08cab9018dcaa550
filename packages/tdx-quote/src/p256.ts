import { p256Engine } from "#p256-engine";
import { createBoundedCache } from "./bounded-cache.ts";
import { equalPublicBytes } from "./equal-bytes.ts";
import { toHex } from "./hex.ts";
import type { P256Engine, P256Key } from "./p256-engine.ts";

/**
 * Verifies ECDSA signatures over P-256 and SHA-256. One verifier serves one verification: it remembers each check, so
 * independent checks can be started side by side, and the pass that gives the verdict in its order only awaits what
 * already runs.
 *
 * What it is given must stay as it is while the verifier is in use: checks are known again by it. Parsers have made copies of
 * all that a stranger could change.
 */
export interface P256Verifier {
  /**
   * Whether `signature` (`r || s`, 64 bytes, low or high s) is one of `message` by `publicKey` (65 bytes, `04 || x || y`).
   * Bytes of another length, a point off the curve and scalars outside 1..n-1 give false. The promise never rejects.
   */
  readonly verify: (publicKey: Uint8Array, signature: Uint8Array, message: Uint8Array) => Promise<boolean>;
  /** Starts a check beside what the caller does until it asks `verify` for the verdict. */
  readonly start: (publicKey: Uint8Array, signature: Uint8Array, message: Uint8Array) => void;
}

/** Bytes of `04 || x || y`; some run times import compressed points too. */
const PUBLIC_KEY_BYTES = 65;
const SIGNATURE_BYTES = 64;

type ImportedKey = ReturnType<P256Engine["importKey"]>;

/** Imports public keys; null for bytes that are no point on the curve. */
export type P256KeyImporter = P256Engine["importKey"];

/** Where a remembered key is looked for: coordinates are as good as random, and one who makes two alike only has both imported again. */
const KEY_ID_BYTES = 8;

/**
 * Makes an importer that remembers: an import costs more than half a verification, depends on nothing but its bytes, and a
 * platform shows the same keys with every quote. The key used least recently is forgotten first.
 *
 * Throws RangeError for a limit below 1.
 */
export function createP256KeyImporter(limit: number): P256KeyImporter {
  const imported = createBoundedCache<{ readonly publicKey: Uint8Array; readonly key: ImportedKey }>(limit);
  return (publicKey) => {
    const id = toHex(publicKey.subarray(1, 1 + KEY_ID_BYTES));
    const known = imported.get(id);
    if (known !== undefined && equalPublicBytes(known.publicKey, publicKey)) return known.key;
    const key = p256Engine.importKey(publicKey);
    imported.set(id, { publicKey: new Uint8Array(publicKey), key });
    return key;
  };
}

/** One check that was begun: its answer depends on nothing but these bytes, so whoever has it need not ask again. */
export interface P256Check {
  readonly publicKey: Uint8Array;
  readonly signature: Uint8Array;
  readonly message: Uint8Array;
  readonly key: ImportedKey;
  readonly verdict: Promise<boolean>;
}

function beginCheck(
  way: "verify" | "verifyNow",
  key: ImportedKey,
  publicKey: Uint8Array,
  signature: Uint8Array,
  message: Uint8Array,
): P256Check {
  const judge = (imported: P256Key | null): boolean | Promise<boolean> =>
    imported !== null && signature.length === SIGNATURE_BYTES && imported[way](signature, message);
  // A key that is there at once starts the check at once, before the caller goes on.
  const verdict = key instanceof Promise ? key.then(judge) : Promise.resolve(judge(key));
  return { publicKey, signature, message, key, verdict };
}

/**
 * Makes one check, for verifiers that will all be asked for it; of copies, because it may live as long as the process. Not with
 * `slice`, which does not copy a Buffer.
 */
export function settleP256Check(publicKey: Uint8Array, signature: Uint8Array, message: Uint8Array): P256Check {
  const key = p256Engine.importKey(publicKey);
  return beginCheck("verifyNow", key, new Uint8Array(publicKey), new Uint8Array(signature), new Uint8Array(message));
}

/**
 * Makes a verifier.
 *
 * @param importKey - where the verifier gets keys that none of its checks has had
 * @param settled - checks that need not be made again
 * Source: FIPS 186-5, section 6.4.2.
 */
export function createP256Verifier(
  importKey: P256KeyImporter = p256Engine.importKey,
  settled: readonly P256Check[] = [],
): P256Verifier {
  const checks = Array.from(settled);

  const known = (publicKey: Uint8Array, signature: Uint8Array, message: Uint8Array): Promise<boolean> | undefined =>
    checks.find(
      (check) =>
        equalPublicBytes(check.signature, signature) &&
        equalPublicBytes(check.publicKey, publicKey) &&
        equalPublicBytes(check.message, message),
    )?.verdict;

  const keyOf = (publicKey: Uint8Array): ImportedKey => {
    if (publicKey.length !== PUBLIC_KEY_BYTES) return null;
    const before = checks.find((check) => equalPublicBytes(check.publicKey, publicKey));
    return before === undefined ? importKey(publicKey) : before.key;
  };

  const run = (
    way: "verify" | "verifyNow",
    publicKey: Uint8Array,
    signature: Uint8Array,
    message: Uint8Array,
  ): Promise<boolean> => {
    const check = beginCheck(way, keyOf(publicKey), publicKey, signature, message);
    checks.push(check);
    return check.verdict;
  };

  return {
    verify: (publicKey, signature, message) =>
      known(publicKey, signature, message) ?? run("verifyNow", publicKey, signature, message),
    start(publicKey, signature, message) {
      if (known(publicKey, signature, message) === undefined) void run("verify", publicKey, signature, message);
    },
  };
}
