import { toBase64 } from "@mero-tee/tdx-quote/base64";
import { type Result, err, ok } from "@mero-tee/tdx-quote/result";

import type { ReceivedChallenge } from "../answers.ts";
import { parseChallengeId } from "../challenge-id.ts";
import { type WrapKeyPair, createWrapKeyPair } from "../key-seal.ts";
import { nodeWrapReportData, releaseReportData, wrapTranscript } from "../key-wrap.ts";
import type { SecretBytes } from "../secret-bytes.ts";
import {
  type KeyUnwrapFailure,
  type StorageKeyFailure,
  type StorageKeyRequest,
  attestKms,
  signRequest,
} from "./fetch-storage-key.ts";
import type { PeerIdentity } from "./identity.ts";
import type { KmsClient, WrappedCallFailure } from "./kms-client.ts";
import { type KmsAttestationFailure, type KmsVerifier, readReleaseEvidence } from "./kms-evidence.ts";

/** As on the plain wire, but with a verifier: a sealed key counts for as much as the quote that vouches for it. */
export type WrappedStorageKeyRequest = StorageKeyRequest & { readonly verifyKms: KmsVerifier };

/** Why a request for a sealed key gave none. */
export type WrappedKeyFailure = WrappedCallFailure | KmsAttestationFailure | KeyUnwrapFailure;

/**
 * A node's side of the key release with the key sealed to a key pair of this one request: verify the KMS, take a
 * challenge, quote over challenge, peer and wrap key, sign, ask, judge the quote over the answer, open. There is no way
 * from here to the plain wire, whatever the KMS answers.
 *
 * @returns the storage key, 32 bytes, to be wiped by the caller
 * Errors: {@link StorageKeyFailure}, with the step that failed.
 * Source: docs/protocol.md.
 */
export async function fetchWrappedStorageKey(
  request: WrappedStorageKeyRequest,
): Promise<Result<SecretBytes, StorageKeyFailure>> {
  const { client, identity, quoteProvider, verifyKms, binding } = request;
  const trusted = await attestKms(client, verifyKms, binding);
  if (!trusted.ok) return err({ stage: "attest", failure: trusted.error });
  const challenge = await client.challenge(identity.peerId);
  if (!challenge.ok) return err({ stage: "challenge", failure: challenge.error });
  const pair = await createWrapKeyPair();
  const reportData = nodeWrapReportData(challenge.value.nonce, identity.peerId, pair.wrapKey);
  const quote = await quoteProvider(reportData);
  if (!quote.ok) return err({ stage: "quote", failure: quote.error });
  const key = await requestWrappedKey({
    client,
    identity,
    challenge: challenge.value,
    quote: quote.value,
    pair,
    verifyKms,
  });
  return key.ok ? key : err({ stage: "get-key", failure: key.error });
}

/** One request for a sealed key. */
export interface WrappedKeyRequest {
  readonly client: KmsClient;
  readonly identity: PeerIdentity;
  readonly challenge: ReceivedChallenge;
  /** Raw quote whose report data commits to challenge, peer and wrap key. */
  readonly quote: Uint8Array;
  /** Used up, whatever comes of it. */
  readonly pair: WrapKeyPair;
  /** Judges the quote over the answer. This, not what `/attest` said before, is what authenticates the KMS. */
  readonly verifyKms: KmsVerifier;
}

/**
 * Signs for a challenge, asks for the sealed key, judges the KMS's quote over the answer, and only then opens it.
 *
 * Errors: those of the call; why the answer is not believed; `key-unwrap-failed`.
 * Source: docs/protocol.md.
 */
export async function requestWrappedKey(request: WrappedKeyRequest): Promise<Result<SecretBytes, WrappedKeyFailure>> {
  const { client, identity, challenge, quote, pair, verifyKms } = request;
  const { peerId } = identity;
  const { wrapKey } = pair;
  const challengeId = parseChallengeId(challenge.challengeId);
  if (challengeId === null) return err({ code: "answer-shape-invalid", field: "challengeId" });
  const signed = await signRequest(identity, challenge, quote);
  const answer = await client.getWrappedKey({ ...signed, wrapKeyB64: toBase64(wrapKey) });
  if (!answer.ok) return answer;
  const { sealed, kmsQuote } = answer.value;
  const transcript = wrapTranscript({ challengeId, nonce: challenge.nonce, peerId, quote, wrapKey });
  const evidence = readReleaseEvidence(kmsQuote, releaseReportData(transcript, sealed));
  if (!evidence.ok) return evidence;
  const judged = await verifyKms(evidence.value);
  if (!judged.ok) return judged;
  const key = await pair.open(sealed, transcript);
  return key === null ? err({ code: "key-unwrap-failed" }) : ok(key);
}
