import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { toBase64 } from "@mero-tee/tdx-quote/base64";
import { concatBytes, utf8 } from "../byte-writer.ts";
import type { SigningKey } from "./signing-key.ts";

/** A transparency log: its first generation promises entries with a time, its second only proves them. */
export interface SimulatedLog {
  readonly generation: 1 | 2;
  readonly name: string;
  readonly key: SigningKey;
  readonly logId: Uint8Array;
}

/** Makes a log. The second generation binds its name into its id. Source: C2SP, signed-note, key ids. */
export function createLog(generation: 1 | 2, name: string, key: SigningKey): SimulatedLog {
  const named = concatBytes(utf8(`${name}\n`), Uint8Array.of(1), key.pair.publicKey);
  return { generation, name, key, logId: sha256(generation === 1 ? key.spki : named) };
}

/** A log's signature over the canonical JSON of an entry. */
export function signedEntryTimestamp(
  log: SimulatedLog,
  {
    body,
    integratedTime,
    logIndex,
  }: { readonly body: Uint8Array; readonly integratedTime: number; readonly logIndex: number },
): Uint8Array {
  const logID = bytesToHex(log.logId);
  return log.key.sign(utf8(JSON.stringify({ body: toBase64(body), integratedTime, logID, logIndex })));
}

/** A tree in which one leaf is known and all others are made up. */
export interface TreeProof {
  readonly index: number;
  readonly size: number;
  readonly root: Uint8Array;
  readonly hashes: readonly Uint8Array[];
}

/** The inclusion proof of a leaf. Source: RFC 6962, sections 2.1 and 2.1.1, whose definitions this follows word by word. */
export function proveInclusion(leaf: Uint8Array, index: number, size: number): TreeProof {
  const leafHash = (at: number): Uint8Array =>
    sha256(concatBytes(Uint8Array.of(0), at === index ? leaf : utf8(`simulated entry ${at}`)));
  const rootOf = (start: number, end: number): Uint8Array => {
    if (end - start === 1) return leafHash(start);
    const split = start + greatestPowerBelow(end - start);
    return sha256(concatBytes(Uint8Array.of(1), rootOf(start, split), rootOf(split, end)));
  };
  const pathOf = (start: number, end: number): Uint8Array[] => {
    if (end - start === 1) return [];
    const split = start + greatestPowerBelow(end - start);
    return index < split
      ? [...pathOf(start, split), rootOf(split, end)]
      : [...pathOf(split, end), rootOf(start, split)];
  };
  return { index, size, root: rootOf(0, size), hashes: pathOf(0, size) };
}

function greatestPowerBelow(count: number): number {
  let power = 1;
  while (power * 2 < count) power *= 2;
  return power;
}

/** A log's signed statement about its tree. Source: C2SP, tlog-checkpoint. */
export function signCheckpoint(log: SimulatedLog, { size, root }: Pick<TreeProof, "size" | "root">): string {
  const origin = log.generation === 1 ? `${log.name} - 1193050959916656506` : log.name;
  const note = `${origin}\n${size}\n${toBase64(root)}\n`;
  const line = toBase64(concatBytes(log.logId.subarray(0, 4), log.key.sign(utf8(note))));
  return `${note}\n\u2014 ${log.name} ${line}\n`;
}
