import { toBase64 } from "@mero-tee/tdx-quote/base64";
import { type Result, err } from "@mero-tee/tdx-quote/result";

import type { GetKeyRequest } from "../messages.ts";
import { encodePublicKeyProtobuf } from "../public-key.ts";
import { nodeReportData } from "../report-data.ts";
import type { SecretBytes } from "../secret-bytes.ts";
import { signedPayload } from "../signed-payload.ts";
import type { ReceivedChallenge } from "../answers.ts";
import type { PeerIdentity } from "./identity.ts";
import type { KmsCallFailure, KmsClient, WrappedCallFailure } from "./kms-client.ts";
import { type KmsAttestationFailure, type KmsVerifier, askForEvidence, readKmsEvidence } from "./kms-evidence.ts";

/** Gives the quote of this machine for 64 bytes of report data, as raw bytes. */
export type QuoteProvider = (reportData: Uint8Array<ArrayBuffer>) => Promise<Result<Uint8Array, QuoteProviderFailure>>;

/** A machine that gave no quote. */
export interface QuoteProviderFailure {
  readonly code: "quote-provider-failed";
  readonly reason: string;
}

/** A key of another length than this project's KMS gives. */
export interface KeyLengthFailure {
  readonly code: "key-length-unexpected";
  readonly length: number;
}

/** A sealed key that does not open: it was sealed to another key, for another conversation, or changed on the way. */
export interface KeyUnwrapFailure {
  readonly code: "key-unwrap-failed";
}

/** Why a node has no storage key, and how far it came. */
export type StorageKeyFailure =
  | { readonly stage: "attest"; readonly failure: KmsCallFailure | KmsAttestationFailure }
  | { readonly stage: "challenge"; readonly failure: KmsCallFailure }
  | { readonly stage: "quote"; readonly failure: QuoteProviderFailure }
  | {
      readonly stage: "get-key";
      readonly failure: WrappedCallFailure | KeyLengthFailure | KmsAttestationFailure | KeyUnwrapFailure;
    };

/** Who asks, whom, and how it knows the KMS. */
export interface StorageKeyRequest {
  readonly client: KmsClient;
  readonly identity: PeerIdentity;
  readonly quoteProvider: QuoteProvider;
  /** Judges the KMS first. Without it the node hands its evidence to anybody, and takes a key from anybody. */
  readonly verifyKms?: KmsVerifier;
  /** 32 bytes that the KMS's quote must carry behind the nonce; the default binding unless a policy names another. */
  readonly binding?: Uint8Array<ArrayBuffer>;
}

/** Length of a storage key in bytes. Source: docs/protocol.md. */
const STORAGE_KEY_BYTES = 32;

/**
 * A node's side of the key release on the plain wire, in the node's order: verify the KMS (if asked to), take a challenge, quote, sign,
 * ask for the key. Each step happens only after the one before it, and nothing is retried.
 *
 * @returns the storage key, 32 bytes, to be wiped by the caller
 * Errors: {@link StorageKeyFailure}, with the step that failed.
 * Source: docs/protocol.md.
 */
export async function fetchStorageKey(request: StorageKeyRequest): Promise<Result<SecretBytes, StorageKeyFailure>> {
  const { client, identity, quoteProvider, verifyKms, binding } = request;
  if (verifyKms !== undefined) {
    const trusted = await attestKms(client, verifyKms, binding);
    if (!trusted.ok) return err({ stage: "attest", failure: trusted.error });
  }
  const challenge = await client.challenge(identity.peerId);
  if (!challenge.ok) return err({ stage: "challenge", failure: challenge.error });
  const quote = await quoteProvider(nodeReportData(challenge.value.nonce, identity.peerId));
  if (!quote.ok) return err({ stage: "quote", failure: quote.error });
  const key = await requestKey(client, identity, challenge.value, quote.value);
  if (!key.ok) return err({ stage: "get-key", failure: key.error });
  const { length } = key.value;
  if (length === STORAGE_KEY_BYTES) return key;
  key.value.wipe();
  return err({ stage: "get-key", failure: { code: "key-length-unexpected", length } });
}

/**
 * Signs for a challenge and asks for the key.
 *
 * @param quote - raw quote whose report data commits to challenge and peer
 * Errors: those of the call.
 * Source: docs/protocol.md.
 */
export async function requestKey(
  client: KmsClient,
  identity: PeerIdentity,
  challenge: ReceivedChallenge,
  quote: Uint8Array,
): Promise<Result<SecretBytes, KmsCallFailure>> {
  return client.getKey(await signRequest(identity, challenge, quote));
}

/**
 * The five members of a request for a key, signed. A wrap key is not among what is signed by name: the quote commits to
 * it, and the signature to the quote.
 *
 * Source: docs/protocol.md.
 */
export async function signRequest(
  identity: PeerIdentity,
  challenge: ReceivedChallenge,
  quote: Uint8Array,
): Promise<Omit<GetKeyRequest, "wrapKeyB64">> {
  const { challengeId, nonce } = challenge;
  const { peerId, publicKey } = identity;
  const signature = await identity.sign(signedPayload({ challengeId, nonce, quote, peerId }));
  return {
    challengeId,
    quoteB64: toBase64(quote),
    peerId,
    peerPublicKeyB64: toBase64(encodePublicKeyProtobuf(publicKey)),
    signatureB64: toBase64(signature),
  };
}

/** Asks a KMS to prove itself, and has the proof judged. Errors: those of the call, or why it is not believed. */
export async function attestKms(
  client: KmsClient,
  verifyKms: KmsVerifier,
  binding: Uint8Array<ArrayBuffer> | undefined,
): Promise<Result<unknown, KmsCallFailure | KmsAttestationFailure>> {
  const answer = await askForEvidence(client, binding);
  if (!answer.ok) return answer;
  const evidence = readKmsEvidence(answer.value.received, answer.value.asked);
  return evidence.ok ? verifyKms(evidence.value) : evidence;
}
