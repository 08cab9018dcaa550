import { sha384Hex } from "#sha2";
import { toHex } from "./hex.ts";

/** Event type of everything that dstack and its applications extend into RTMR3. */
export const DSTACK_RUNTIME_EVENT_TYPE = 0x08000001;

/** Longest name of a runtime event, in bytes of UTF-8. */
const DSTACK_EVENT_NAME_LIMIT_BYTES = 256;

/** How a runtime event is hashed: 1 joins name and payload with colons, 2 is canonical JSON. */
export type DstackEventVersion = 1 | 2;

/**
 * Why a text cannot be the name of a runtime event, or null when it can.
 *
 * Version 1 hashes `type ":" name ":" payload` without lengths: with a colon in the name, event `a` with payload `b:c` and
 * event `a:b` with payload `c` would be one and the same measurement. So such names are refused, not escaped.
 */
export function dstackEventNameProblem(name: string, version: DstackEventVersion): string | null {
  if (name === "") return "empty name";
  if (!isBoundedText(name)) return "name is not well-formed Unicode of at most 256 bytes";
  if (version === 1 && name.includes(":")) return "colon in a version 1 name";
  return null;
}

/** Whether a text is well-formed Unicode of at most {@link DSTACK_EVENT_NAME_LIMIT_BYTES}; a lone surrogate has no UTF-8. */
export function isBoundedText(text: string): boolean {
  return (
    text.length <= DSTACK_EVENT_NAME_LIMIT_BYTES &&
    text.isWellFormed() &&
    new TextEncoder().encode(text).length <= DSTACK_EVENT_NAME_LIMIT_BYTES
  );
}

/**
 * The bytes that a runtime event is hashed over.
 *
 * Version 2 is RFC 8785 of `{name, payload, type}`. The object has three fixed keys already in canonical order, one integer
 * constant and a payload of hex digits, so the only part that needs an algorithm is the name, and RFC 8785 section 3.2.2.2
 * defines string serialisation as that of ECMAScript's `JSON.stringify`: no dependency for one line.
 *
 * @param payload - raw bytes, not hex
 * @throws RangeError when the name is not one (`dstackEventNameProblem`): callers parse names first
 * Source: dstack, runtime event digest versions 1 and 2; RFC 8785 section 3.2.
 */
export function dstackRuntimeEventPreimage(
  name: string,
  payload: Uint8Array,
  version: DstackEventVersion,
): Uint8Array<ArrayBuffer> {
  const problem = dstackEventNameProblem(name, version);
  if (problem !== null) throw new RangeError(`not a runtime event: ${problem}`);
  const encoder = new TextEncoder();
  if (version === 2) {
    const canonicalName = JSON.stringify(name);
    return encoder.encode(
      `{"name":${canonicalName},"payload":"${toHex(payload)}","type":${DSTACK_RUNTIME_EVENT_TYPE}}`,
    );
  }
  const nameBytes = encoder.encode(name);
  const preimage = new Uint8Array(4 + 1 + nameBytes.length + 1 + payload.length);
  new DataView(preimage.buffer).setUint32(0, DSTACK_RUNTIME_EVENT_TYPE, true);
  preimage[4] = COLON;
  preimage.set(nameBytes, 5);
  preimage[5 + nameBytes.length] = COLON;
  preimage.set(payload, 6 + nameBytes.length);
  return preimage;
}

const COLON = 0x3a;

/**
 * The digest that a runtime event extends RTMR3 with.
 *
 * @param payload - raw bytes, not hex
 * @returns 96 lower-case hex digits (SHA-384)
 * @throws RangeError when the name is not one (`dstackEventNameProblem`)
 * Source: dstack, runtime event digest versions 1 and 2.
 */
export function dstackRuntimeEventDigest(name: string, payload: Uint8Array, version: DstackEventVersion): string {
  return sha384Hex(dstackRuntimeEventPreimage(name, payload, version));
}
