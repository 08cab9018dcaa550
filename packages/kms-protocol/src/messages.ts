/** Largest request body that a KMS reads, in bytes; one more is refused. Source: docs/protocol.md. */
export const REQUEST_BODY_LIMIT_BYTES = 65_536;

/** How long a node waits for each answer, in milliseconds, connection included. Source: docs/protocol.md. */
export const NODE_REQUEST_TIMEOUT_MS = 30_000;

/**
 * Limits that nodes put on answers, in characters.
 *
 * Source: docs/protocol.md.
 */
export const ANSWER_FIELD_LIMITS = {
  challengeId: 512,
  nonceB64: 2_048,
  quoteB64: 131_072,
  reportDataHex: 1_024,
  key: 4_096,
  kmsQuoteB64: 131_072,
} as const;

/** Body of `POST /challenge`. */
export interface ChallengeRequest {
  readonly peerId: string;
}

/** Answer 200 of `POST /challenge`. */
export interface ChallengeAnswer {
  /** 32 hex characters. */
  readonly challengeId: string;
  /** 32 bytes as base64. */
  readonly nonceB64: string;
  /** Unix seconds. */
  readonly expiresAt: number;
}

/** Body of `POST /get-key`: all fields as sent, nothing decoded. */
export interface GetKeyRequest {
  readonly challengeId: string;
  readonly quoteB64: string;
  readonly peerId: string;
  /** base64 of the libp2p protobuf public key. */
  readonly peerPublicKeyB64: string;
  /** base64 of the Ed25519 signature over the signed payload. */
  readonly signatureB64: string;
  /** base64 of the X25519 key to seal to; its presence alone asks for a wrapped answer. */
  readonly wrapKeyB64?: string;
}

/** Answer 200 of `POST /get-key` without a wrap key. A secret. */
export interface GetKeyAnswer {
  /** 64 hex characters. */
  readonly key: string;
}

/** Answer 200 of `POST /get-key` with a wrap key: no secret, and of use to one machine only. */
export interface WrappedKeyAnswer {
  readonly wrapped: {
    /** 32 bytes as base64. */
    readonly encB64: string;
    /** 48 bytes as base64. */
    readonly ciphertextB64: string;
  };
  /** The KMS's own quote over the sealed key. */
  readonly kmsQuoteB64: string;
}

/** Body of `POST /attest`. */
export interface AttestRequest {
  /** 32 bytes as base64. */
  readonly nonceB64: string;
  /** 32 bytes as base64; missing and null both mean the default binding. */
  readonly bindingB64?: string | null;
}

/** Answer 200 of `POST /attest`. Only the quote proves anything; the rest is a claim beside it. */
export interface AttestAnswer {
  readonly quoteB64: string;
  readonly reportDataHex: string;
  /** The dstack event log, a JSON array. */
  readonly eventLog: unknown;
  /** The dstack VM configuration, JSON text passed through. */
  readonly vmConfig: string;
}

/** Answer of `GET /health`: liveness only. */
export interface HealthAnswer {
  readonly status: "alive";
  readonly service: "mero-kms-phala";
}

/** The body of every answer that is not 2xx. */
export interface ErrorBody {
  readonly error: string;
  /** A sentence for an operator; never key bytes, nonces, paths or host names. */
  readonly details?: string;
}
