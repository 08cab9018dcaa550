import { sha256 } from "@noble/hashes/sha2.js";
import { concatBytes } from "@noble/hashes/utils.js";
import type { InclusionProof } from "./bundle.ts";

/** A leaf and an inner node never hash the same bytes. Source: RFC 6962, section 2.1. */
const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

/**
 * The root of the tree in which a leaf stands where its proof says.
 *
 * @param leaf - the entry's bytes
 * @returns null when the index lies outside the tree, or the path has another length than such a tree gives
 * Source: RFC 9162, section 2.1.3.2, whose algorithm holds for the trees of RFC 6962.
 */
export function rootOfProof(
  leaf: Uint8Array,
  { logIndex, treeSize, hashes }: Pick<InclusionProof, "logIndex" | "treeSize" | "hashes">,
): Uint8Array | null {
  if (logIndex >= treeSize) return null;
  // Indices go up to 2^53, so halving and parity stand in for the bit operations of 32 bits.
  let node = logIndex;
  let last = treeSize - 1;
  let root: Uint8Array = sha256(concatBytes(LEAF, leaf));
  for (const hash of hashes) {
    if (last === 0) return null;
    if (isOdd(node) || node === last) {
      root = sha256(concatBytes(NODE, hash, root));
      while (!isOdd(node) && node !== 0) {
        node = half(node);
        last = half(last);
      }
    } else {
      root = sha256(concatBytes(NODE, root, hash));
    }
    node = half(node);
    last = half(last);
  }
  return last === 0 ? root : null;
}

function isOdd(value: number): boolean {
  return value % 2 === 1;
}

function half(value: number): number {
  return Math.floor(value / 2);
}
