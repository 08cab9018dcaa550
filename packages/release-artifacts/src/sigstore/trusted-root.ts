import { parseStrictJson } from "@mero-tee/tdx-quote/json";
import { list, object, type Shape } from "@mero-tee/tdx-quote/json-shape";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";
import { bytes, field, shortText, timestamp } from "./protobuf-json.ts";
import { parsePublicKey, type PublicKey } from "./public-key.ts";
import { refuse, type SigstoreError } from "./sigstore-error.ts";
import type { UnixMsWindow } from "./unix-ms.ts";
import { parseX509Certificate, type X509Certificate } from "./x509-certificate.ts";

/** Longest trusted root that is read, in bytes; the public one has 7 KiB. */
const TRUSTED_ROOT_LIMIT_BYTES = 1024 * 1024;
const MAX_INSTANCES = 64;
const MAX_CHAIN = 8;

/** Both say the same; 0.2 renamed nothing that is read here. Source: Sigstore trust root format, `sigstore_trustroot.proto`. */
const MEDIA_TYPES: ReadonlySet<string> = new Set([
  "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
  "application/vnd.dev.sigstore.trustedroot+json;version=0.2",
  "application/vnd.dev.sigstore.trustedroot.v0.2+json",
]);

/** A log, of entries (Rekor) or of certificates (CT). */
export interface TrustedLog {
  /** How the log is named in what it signs: host and path of its address. */
  readonly name: string;
  /** 32 bytes. */
  readonly logId: Uint8Array<ArrayBuffer>;
  /** Null for a kind of key that this build cannot use. */
  readonly key: PublicKey | null;
  readonly validFor: UnixMsWindow;
}

/** An authority with its chain: for Fulcio from the issuer of leaves up, for a timestamp authority from its signer up. */
export interface TrustedAuthority {
  readonly chain: readonly [X509Certificate, ...X509Certificate[]];
  readonly validFor: UnixMsWindow;
}

/** Whom to believe, and when. Made from a pinned file, which is the root of all trust here. */
export interface TrustedRoot {
  readonly transparencyLogs: readonly TrustedLog[];
  readonly certificateAuthorities: readonly TrustedAuthority[];
  readonly certificateLogs: readonly TrustedLog[];
  readonly timestampAuthorities: readonly TrustedAuthority[];
}

const window: Shape<UnixMsWindow> = (value) => {
  const shape = object({ start: field(timestamp, 0), end: field(timestamp, Infinity) })(value);
  return shape.ok ? ok({ fromMs: shape.value.start, toMs: shape.value.end }) : shape;
};

/** Without a window of its own, a key is good at any time. */
const validFor = field(window, { fromMs: 0, toMs: Infinity });

const trustedLog: Shape<TrustedLog> = (value) => {
  const shape = object({
    baseUrl: shortText,
    publicKey: object({ rawBytes: bytes(), validFor }),
    logId: object({ keyId: bytes(32) }),
    checkpointKeyId: field(object({ keyId: bytes(32) }), null),
  })(value);
  if (!shape.ok) return shape;
  const { baseUrl, publicKey, logId, checkpointKeyId } = shape.value;
  const url = URL.parse(baseUrl);
  if (url === null) return err({ path: "baseUrl", reason: "must be a URL" });
  return ok({
    name: `${url.host}${url.pathname}`.replace(/\/+$/, ""),
    logId: (checkpointKeyId ?? logId).keyId,
    key: parsePublicKey(publicKey.rawBytes),
    validFor: publicKey.validFor,
  });
};

const trustedAuthority: Shape<TrustedAuthority> = (value) => {
  const shape = object({
    certChain: object({ certificates: list(object({ rawBytes: bytes() }), 1, MAX_CHAIN) }),
    validFor,
  })(value);
  if (!shape.ok) return shape;
  const chain: X509Certificate[] = [];
  for (const [index, { rawBytes }] of shape.value.certChain.certificates.entries()) {
    const certificate = parseX509Certificate(rawBytes);
    if (!certificate.ok) return err({ path: `certChain.certificates[${index}]`, reason: certificate.error.reason });
    chain.push(certificate.value);
  }
  const [first, ...others] = chain;
  return first === undefined
    ? err({ path: "", reason: "must have a certificate" })
    : ok({ chain: [first, ...others], validFor: shape.value.validFor });
};

const root = object({
  mediaType: shortText,
  tlogs: field(list(trustedLog, 0, MAX_INSTANCES), []),
  certificateAuthorities: field(list(trustedAuthority, 0, MAX_INSTANCES), []),
  ctlogs: field(list(trustedLog, 0, MAX_INSTANCES), []),
  timestampAuthorities: field(list(trustedAuthority, 0, MAX_INSTANCES), []),
});

/**
 * Reads a trusted root (`trusted_root.json`): the authorities and logs to believe, each with the time for which it counts.
 *
 * Keys of a kind that this build does not verify with are kept as unusable, so that one of them does not spoil the file.
 *
 * Errors: `trusted-root-malformed`, `trusted-root-media-type-unsupported`.
 * Source: Sigstore trust root format; ProtoJSON.
 */
export function parseTrustedRoot(json: string | Uint8Array): Result<TrustedRoot, SigstoreError> {
  const document = parseStrictJson(json, { maxBytes: TRUSTED_ROOT_LIMIT_BYTES });
  if (!document.ok) {
    const { offset, reason } = document.error;
    return refuse("trusted-root-malformed", { subject: `byte ${offset}`, reason });
  }
  const shape = root(document.value);
  if (!shape.ok) return refuse("trusted-root-malformed", { subject: shape.error.path, reason: shape.error.reason });
  const { mediaType, tlogs, certificateAuthorities, ctlogs, timestampAuthorities } = shape.value;
  if (!MEDIA_TYPES.has(mediaType)) return refuse("trusted-root-media-type-unsupported", { actual: mediaType });
  return ok({ transparencyLogs: tlogs, certificateAuthorities, certificateLogs: ctlogs, timestampAuthorities });
}
