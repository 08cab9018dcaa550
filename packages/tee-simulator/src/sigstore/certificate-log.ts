import { sha256 } from "@noble/hashes/sha2.js";
import type { ExtensionRecipe } from "../certificate.ts";
import { concatBytes } from "../byte-writer.ts";
import { derOctetString } from "../der-writer.ts";
import type { SigningKey } from "./signing-key.ts";

/** OID of the extension that holds the promises of certificate logs. Source: RFC 6962, section 3.3. */
const SCT_LIST = "1.3.6.1.4.1.11129.2.4.2";

/** One promise of a certificate log, while it is made. */
export interface SctRecipe {
  readonly key: SigningKey;
  /** SHA-256 of the key that the promise names. */
  readonly logId: Uint8Array;
  readonly timestampMs: number;
  /** Changes what gets signed. */
  readonly editSigned?: (signed: Uint8Array) => Uint8Array;
}

/** Promises a certificate log's key to the certificate whose signed part, without promises, is `tbs`. Source: RFC 6962, section 3.2. */
export function buildSct(recipe: SctRecipe, tbs: Uint8Array, issuerSpki: Uint8Array): Uint8Array {
  const timestamp = new Uint8Array(8);
  new DataView(timestamp.buffer).setBigUint64(0, BigInt(recipe.timestampMs));
  const plain = concatBytes(
    Uint8Array.of(0, 0),
    timestamp,
    u16be(1),
    sha256(issuerSpki),
    Uint8Array.of(tbs.length >> 16, (tbs.length >> 8) & 0xff, tbs.length & 0xff),
    tbs,
    u16be(0),
  );
  const signature = recipe.key.sign(recipe.editSigned?.(plain) ?? plain);
  return concatBytes(
    Uint8Array.of(0),
    recipe.logId,
    timestamp,
    u16be(0),
    Uint8Array.of(4, 3),
    u16be(signature.length),
    signature,
  );
}

/** The extension that carries promises. */
export function sctExtension(scts: readonly Uint8Array[]): ExtensionRecipe {
  const items = concatBytes(...scts.flatMap((sct) => [u16be(sct.length), sct]));
  return { oid: SCT_LIST, critical: false, value: derOctetString(concatBytes(u16be(items.length), items)) };
}

function u16be(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value & 0xff);
}
