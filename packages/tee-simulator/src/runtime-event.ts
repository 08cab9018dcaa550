import { sha384 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { concatBytes, u32le, utf8 } from "./byte-writer.ts";

/** Event type of dstack's runtime events. */
export const DSTACK_RUNTIME_EVENT = 0x08000001;

/** A runtime event as dstack extends it into RTMR3. */
export interface RuntimeEvent {
  readonly name: string;
  readonly payload: Uint8Array;
  /** Digest rule; 1 where absent. */
  readonly version?: 1 | 2;
}

/** One entry of a dstack event log, with its wire names. */
export interface DstackLogEntry {
  imr: number;
  event_type: number;
  digest: string;
  event: string;
  event_payload: string;
  version?: number;
  preimage?: string;
}

/** The canonical JSON (RFC 8785) that version 2 hashes. */
function runtimeEventPreimage(event: RuntimeEvent): Uint8Array {
  return utf8(
    `{"name":${JSON.stringify(event.name)},"payload":"${bytesToHex(event.payload)}","type":${DSTACK_RUNTIME_EVENT}}`,
  );
}

/** The digest that a runtime event extends, SHA-384 (dstack `cc-eventlog`, versions 1 and 2). */
export function runtimeEventDigest(event: RuntimeEvent): Uint8Array {
  if (event.version === 2) return sha384(runtimeEventPreimage(event));
  return sha384(concatBytes(u32le(DSTACK_RUNTIME_EVENT), utf8(":"), utf8(event.name), utf8(":"), event.payload));
}

/** The log entry of a runtime event, digest filled in. */
export function runtimeLogEntry(event: RuntimeEvent): DstackLogEntry {
  return {
    imr: 3,
    event_type: DSTACK_RUNTIME_EVENT,
    digest: bytesToHex(runtimeEventDigest(event)),
    event: event.name,
    event_payload: bytesToHex(event.payload),
    ...(event.version === 2 ? { version: 2, preimage: bytesToHex(runtimeEventPreimage(event)) } : {}),
  };
}

/** RTMR := SHA-384(RTMR || digest). Source: Intel TDX Module Base Specification, TDG.MR.RTMR.EXTEND. */
export function extendRtmr(register: Uint8Array, digest: Uint8Array): Uint8Array {
  return sha384(concatBytes(register, digest));
}

/** The register after all digests, from 48 zero bytes. */
export function replayDigests(digests: readonly Uint8Array[]): Uint8Array {
  return digests.reduce<Uint8Array>(extendRtmr, new Uint8Array(48));
}
