import { type Result, err, ok } from "@mero-tee/tdx-quote/result";

import {
  type AnswerError,
  type ReceivedAttestation,
  type ReceivedChallenge,
  type ReceivedWrappedKey,
  type WrappedAnswerError,
  parseAttestAnswer,
  parseChallengeAnswer,
  parseErrorBody,
  parseGetKeyAnswer,
  parseWrappedKeyAnswer,
} from "../answers.ts";
import { type AttestRequest, type GetKeyRequest, NODE_REQUEST_TIMEOUT_MS } from "../messages.ts";
import type { PeerId } from "../peer-id.ts";
import type { SecretBytes } from "../secret-bytes.ts";
import { type PostAnswer, type TransportFailure, boundedPost } from "./bounded-post.ts";
import { type KmsUrlError, parseKmsUrl } from "./kms-url.ts";
import type { PostPort } from "./post-port.ts";

/** A KMS that answered with anything but 2xx; redirects are such answers. */
export interface KmsRefusal {
  readonly code: "kms-refused";
  readonly status: number;
  /** The tag of the error body; null for a body that is not a KMS's. */
  readonly tag: string | null;
  /** The details of the error body, or the whole of a body that is not a KMS's; null where there is nothing. */
  readonly details: string | null;
}

/** Why a call gave no usable answer. */
export type KmsCallFailure = TransportFailure | KmsRefusal | AnswerError;

/** Why a call for a sealed key gave no usable answer. */
export type WrappedCallFailure = KmsCallFailure | WrappedAnswerError;

/** Where the KMS is and how it is reached. */
export interface KmsClientOptions {
  /** Base address; endpoint names are joined to its path. */
  readonly baseUrl: string;
  readonly fetch: PostPort;
  /** For each request as a whole; default 30 s, as nodes wait. */
  readonly timeoutMs?: number;
}

/** The calls that a node makes. Nothing that they return is authenticated. */
export interface KmsClient {
  /** The base address with its final slash. */
  readonly baseUrl: URL;
  attest(request: AttestRequest): Promise<Result<ReceivedAttestation, KmsCallFailure>>;
  challenge(peerId: PeerId): Promise<Result<ReceivedChallenge, KmsCallFailure>>;
  /** Asks on the plain wire: a wrap key is not sent. */
  getKey(request: Omit<GetKeyRequest, "wrapKeyB64">): Promise<Result<SecretBytes, KmsCallFailure>>;
  /** Asks for a sealed key, and takes no other. */
  getWrappedKey(request: Required<GetKeyRequest>): Promise<Result<ReceivedWrappedKey, WrappedCallFailure>>;
}

/** Longest answers, in bytes. An attestation carries an event log, a sealed key a quote, the others a few short texts. */
const ATTEST_ANSWER_BYTES = 4 * 1024 * 1024;
const SHORT_ANSWER_BYTES = 64 * 1024;
const WRAPPED_ANSWER_BYTES = 256 * 1024;

/**
 * A client of one KMS. It never follows redirects and never retries: a challenge is spent by the first try.
 *
 * Errors: `kms-url-invalid`.
 * Source: docs/protocol.md.
 */
export function createKmsClient(options: KmsClientOptions): Result<KmsClient, KmsUrlError> {
  const baseUrl = parseKmsUrl(options.baseUrl);
  if (!baseUrl.ok) return baseUrl;
  const timeoutMs = options.timeoutMs ?? NODE_REQUEST_TIMEOUT_MS;
  const call = async <T, E>(
    endpoint: string,
    message: unknown,
    limitBytes: number,
    parse: (body: Uint8Array) => Result<T, E>,
  ): Promise<Result<T, E | TransportFailure | KmsRefusal>> => {
    const url = new URL(endpoint, baseUrl.value).href;
    const answer = await boundedPost(options.fetch, { url, body: JSON.stringify(message), timeoutMs, limitBytes });
    if (!answer.ok) return answer;
    const { status, body } = answer.value;
    if (status < 200 || status > 299) return err(refusal(answer.value));
    const parsed = parse(body);
    body.fill(0);
    return parsed;
  };
  return ok({
    baseUrl: baseUrl.value,
    attest: (request) => call("attest", request, ATTEST_ANSWER_BYTES, parseAttestAnswer),
    challenge: (peerId) => call("challenge", { peerId }, SHORT_ANSWER_BYTES, parseChallengeAnswer),
    getKey: (request) => call("get-key", request, SHORT_ANSWER_BYTES, parseGetKeyAnswer),
    getWrappedKey: (request) => call("get-key", request, WRAPPED_ANSWER_BYTES, parseWrappedKeyAnswer),
  });
}

function refusal({ status, body }: PostAnswer): KmsRefusal {
  const error = parseErrorBody(body);
  if (error !== null) return { code: "kms-refused", status, tag: error.error, details: error.details ?? null };
  const text = new TextDecoder().decode(body);
  return { code: "kms-refused", status, tag: null, details: text === "" ? null : text };
}
