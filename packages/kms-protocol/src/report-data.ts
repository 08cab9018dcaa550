import { DEFAULT_BINDING_LABEL } from "@mero-tee/policy";
import { sha256 } from "@mero-tee/tdx-quote/sha2";

import { type PeerId, peerIdHash } from "./peer-id.ts";

/** Length of a nonce and of a binding, in bytes. */
export const NONCE_BYTES = 32;

/** Length of the report data of a quote, in bytes. Source: Intel TDX Module 1.5 ABI, REPORTDATA. */
export const REPORT_DATA_BYTES = 64;

/**
 * The binding that a KMS quote carries when the asker names none: SHA-256 of the default label, 32 bytes. Shared; do
 * not write to it.
 *
 * Source: docs/protocol.md.
 */
export const DEFAULT_BINDING: Uint8Array<ArrayBuffer> = new Uint8Array(
  sha256(new TextEncoder().encode(DEFAULT_BINDING_LABEL)),
);

/**
 * A half of report data that begins so is the KMS's own, 16 ASCII bytes. Whoever asks for an attestation chooses 64 bytes
 * that a genuine KMS quotes: without a form that nobody can choose, no quote could ever commit a KMS to anything.
 *
 * Source: docs/protocol.md.
 */
export const RELEASE_LABEL: Uint8Array<ArrayBuffer> = new TextEncoder().encode("mero-kms-release");

/**
 * Report data of the quote with which a node asks for its key: challenge nonce, then SHA-256 of its peer id text.
 *
 * @param nonce - 32 bytes; other lengths are a programming error (RangeError)
 * Source: docs/protocol.md.
 */
export function nodeReportData(nonce: Uint8Array, peerId: PeerId): Uint8Array<ArrayBuffer> {
  return reportDataOf(nonce, peerIdHash(peerId));
}

/**
 * Report data of the quote with which a KMS answers `/attest`: the asker's nonce, then the binding. A binding that the
 * asker chose is merely echoed; it proves nothing about the connection.
 *
 * @param nonce - 32 bytes; other lengths are a programming error (RangeError)
 * @param binding - 32 bytes, {@link DEFAULT_BINDING} unless the asker named one
 * Source: docs/protocol.md.
 */
export function kmsReportData(nonce: Uint8Array, binding: Uint8Array): Uint8Array<ArrayBuffer> {
  return reportDataOf(nonce, binding);
}

/** Two halves of 32 bytes; other lengths are a programming error (RangeError). */
export function reportDataOf(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  if (first.length !== NONCE_BYTES || second.length !== NONCE_BYTES) {
    throw new RangeError("report data is made of two halves of 32 bytes");
  }
  const reportData = new Uint8Array(REPORT_DATA_BYTES);
  reportData.set(first);
  reportData.set(second, NONCE_BYTES);
  return reportData;
}
