import { type KeySealer, releaseReportData, type SealedKey, type SecretBytes } from "@mero-tee/kms-protocol";
import { ok, type Result } from "@mero-tee/tdx-quote/result";
import type { GuestAgent } from "./guest-agent.ts";
import { refuse, type Refusal } from "./refusal.ts";

/** A key sealed to one node, with this KMS's quote over it. Nothing in it is secret. */
export interface WrappedKey {
  readonly wire: "wrapped";
  readonly sealed: SealedKey;
  readonly kmsQuote: Uint8Array;
}

/**
 * Seals a key and has the guest agent quote what was sealed, so that the node knows that a KMS, and not somebody on the
 * way, did it. The key is wiped, whatever comes of it.
 *
 * @param transcript - what the release is about
 * Errors: `attestation-unavailable`.
 * Source: docs/protocol.md.
 */
export async function wrapKeyFor(
  transcript: Uint8Array,
  key: SecretBytes,
  sealer: KeySealer,
  agent: Pick<GuestAgent, "quote">,
): Promise<Result<WrappedKey, Refusal>> {
  let sealed: SealedKey;
  try {
    sealed = await sealer.seal(key, transcript);
  } finally {
    key.wipe();
  }
  const quoted = await agent.quote(releaseReportData(transcript, sealed));
  if (!quoted.ok) {
    const cause = `${quoted.error.code}: ${quoted.error.reason}`;
    return refuse("attestation-unavailable", "the guest agent gave no usable quote", cause);
  }
  return ok({ wire: "wrapped", sealed, kmsQuote: quoted.value.bytes });
}
