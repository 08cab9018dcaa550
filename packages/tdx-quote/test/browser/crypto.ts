import { sha256, sha384 } from "@noble/hashes/sha2.js";
import { Buffer } from "./buffer.ts";

/**
 * What the tests use of `node:crypto`, for the same test files in a browser, which has no synchronous hash of its own. In
 * Node these tests compare with an implementation that the package does not share; here they show that it still runs.
 */
const HASHES = { sha256, sha384 };

interface Hash {
  update(data: string | Uint8Array): Hash;
  digest(): Uint8Array;
  digest(encoding: "hex"): string;
}

export function createHash(name: keyof typeof HASHES): Hash {
  const state = HASHES[name].create();
  function digest(): Uint8Array;
  function digest(encoding: "hex"): string;
  function digest(encoding?: "hex"): Uint8Array | string {
    const bytes = Buffer.from(state.digest());
    return encoding === undefined ? bytes : bytes.toString(encoding);
  }
  const hash: Hash = {
    update: (data) => {
      state.update(typeof data === "string" ? Buffer.from(data) : data);
      return hash;
    },
    digest,
  };
  return hash;
}
