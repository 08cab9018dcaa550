import { type Result, err, ok } from "@mero-tee/tdx-quote/result";
import { toHex } from "@mero-tee/tdx-quote/hex";
import { sha384 } from "@noble/hashes/sha2.js";

import type { Measurement } from "./measurement.ts";
import type { Profile } from "./profile.ts";

/** What a node image measures about itself at boot. */
export interface NodeIdentity {
  readonly role: "node";
  readonly profile: Profile;
  /** dm-verity root hash of the image's root file system: 64 lower-case hex digits (SHA-256). */
  readonly rootHash: string;
}

/** The one extension of RTMR3 that a node image makes, step by step. */
export interface NodeRtmr3 {
  /** ASCII text that is hashed. */
  readonly preimage: string;
  /** SHA-384 of the preimage, 96 lower-case hex digits: what the image writes to the register. */
  readonly eventDigest: string;
  /** The register after that single extension. */
  readonly rtmr3: Measurement;
}

/** A root hash that is not 64 lower-case hex digits. */
export interface RootHashError {
  readonly code: "root-hash-malformed";
  readonly length: number;
}

const REGISTER_BYTES = 48;

/**
 * RTMR3 of a node that was never extended: the initrd did not run, or could not reach the register.
 */
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- 96 digits
export const RTMR3_NEVER_EXTENDED = "0".repeat(2 * REGISTER_BYTES) as Measurement;

/**
 * RTMR3 of a `locked-read-only` node of the historical images that found no root hash and measured the word `none`
 * instead. It names no file system at all, so it must never count as a node of that profile.
 *
 * Source: docs/node-images.md.
 */
export const RTMR3_WITHOUT_ROOT_HASH =
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- 96 digits
  "c2d8071a0c1fc9c0a62fcc50d7e1f1a7504366eb9e89ff88469760b170d6c9fc2681774fec468c1e2178e7e03c441a74" as Measurement;

/**
 * Whether an RTMR3 names no image: that of a machine that never extended it, or of one that found no root hash. No list may have
 * it, whoever signed the list.
 *
 * Source: docs/node-images.md.
 */
export function namesNoImage(rtmr3: string): boolean {
  return rtmr3 === RTMR3_NEVER_EXTENDED || rtmr3 === RTMR3_WITHOUT_ROOT_HASH;
}

/**
 * Derives RTMR3 of a node from its role, profile and root hash.
 *
 * `preimage = "calimero-rtmr3-v2:" role ":" profile ":" rootHash`, one extension with its SHA-384 from 48 zero bytes.
 *
 * Errors: `root-hash-malformed` for anything but 64 lower-case hex digits, `none` included: a measured identity
 * without a root hash would be the same for every image.
 * Source: docs/node-images.md; Intel TDX Module 1.5 ABI, TDG.MR.RTMR.EXTEND.
 */
export function nodeRtmr3(identity: NodeIdentity): Result<NodeRtmr3, RootHashError> {
  const { role, profile, rootHash } = identity;
  if (!/^[0-9a-f]{64}$/.test(rootHash)) return err({ code: "root-hash-malformed", length: rootHash.length });
  const preimage = `calimero-rtmr3-v2:${role}:${profile}:${rootHash}`;
  const digest = sha384(new TextEncoder().encode(preimage));
  const register = new Uint8Array(REGISTER_BYTES + digest.length);
  register.set(digest, REGISTER_BYTES);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a SHA-384 digest has 96 digits
  return ok({ preimage, eventDigest: toHex(digest), rtmr3: toHex(sha384(register)) as Measurement });
}
