import type { Result } from "@mero-tee/tdx-quote/result";

/** Where a request goes: every address that may be connected to is named, and no name is looked up again. */
export interface Destination {
  /** `scheme://host[:port]`; its host is what `Host` and SNI say. */
  readonly origin: string;
  /** Host name as the URL parser writes it, IPv6 in brackets. */
  readonly host: string;
  readonly port: number;
  readonly isTls: boolean;
  /** Literal addresses, in the order of the tries. */
  readonly addresses: readonly string[];
  /** Whether a certificate that does not verify is only reported. */
  readonly mayBeUnauthorized: boolean;
}

/** How long the parts of one exchange may take, in milliseconds, and how much may come. */
export interface ExchangeLimits {
  readonly connectMs: number;
  readonly tlsMs: number;
  /** From the start to the first byte of the answer. */
  readonly firstByteMs: number;
  /** All of it. */
  readonly totalMs: number;
  /** A body slower than `dripBytesPerSecond`, counted from `dripGraceMs` after its first byte, is given up. */
  readonly dripGraceMs: number;
  readonly dripBytesPerSecond: number;
  readonly maxBodyBytes: number;
}

/** The limits for targets, but for the time and the size that an operator sets. Source: SSRF algorithm, steps 9 and 10. */
export const TARGET_LIMITS: Readonly<Omit<ExchangeLimits, "totalMs" | "maxBodyBytes">> = {
  connectMs: 3_000,
  tlsMs: 3_000,
  firstByteMs: 6_000,
  dripGraceMs: 1_000,
  dripBytesPerSecond: 1_024,
};

/** One request; nothing of a caller's own headers is ever in it. */
export interface ExchangeRequest {
  readonly destination: Destination;
  readonly method: "GET" | "POST";
  /** Path and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  readonly limits: ExchangeLimits;
}

/** The TLS session that an answer came over. */
export interface TlsSession {
  readonly protocol: string;
  /** SHA-256 of the key in the certificate, 64 hex digits. */
  readonly spkiSha256: string;
  readonly isAuthorized: boolean;
}

/** An answer that was read to its end within the limits, whatever its status. Nothing in it is trusted. */
export interface Exchange {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Uint8Array<ArrayBuffer>;
  readonly remoteAddress: string;
  readonly tls: TlsSession | null;
  readonly elapsedMs: number;
}

/**
 * Why there is no answer: no connection, a certificate that does not verify, a connection to another address than the
 * chosen one, too slow, too large, a body with an encoding (it is never unpacked), no HTTP.
 */
export type ExchangeFailure =
  | { readonly code: "unreachable" | "unauthorized" | "wrong-address" | "timeout" | "too-large" | "encoded" }
  | { readonly code: "broken"; readonly reason: string };

/** Makes one request and reads the answer. Redirects are not followed. Never throws. */
export type ExchangePort = (request: ExchangeRequest) => Promise<Result<Exchange, ExchangeFailure>>;
