import { isJsonObject, parseStrictJson, type JsonValue } from "@mero-tee/tdx-quote/json";
import { list, object, text, word, type Shape } from "@mero-tee/tdx-quote/json-shape";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";
import type { DsseEnvelope, InclusionProof, LogEntry, MessageSignature, SigstoreBundle } from "./bundle.ts";
import { parseCosignBundle } from "./cosign-bundle.ts";
import { bytes, field, int64, shortText } from "./protobuf-json.ts";
import { refuse, type SigstoreError } from "./sigstore-error.ts";

/** Longest bundle that is read, in bytes: an attestation with a large statement stays far below. */
const BUNDLE_LIMIT_BYTES = 1024 * 1024;
/** A signer asks one log, seldom two. */
const MAX_LOG_ENTRIES = 8;
const MAX_TIMESTAMPS = 8;
/** A tree of 2^64 leaves has paths of 64 hashes. */
const MAX_PROOF_HASHES = 64;

/** Each form has been spelled in more than one way. Source: Sigstore bundle format, `media_type`. */
const MEDIA_TYPES: ReadonlyMap<string, "v0.1" | "v0.2" | "v0.3"> = new Map([
  ["application/vnd.dev.sigstore.bundle+json;version=0.1", "v0.1"],
  ["application/vnd.dev.sigstore.bundle+json;version=0.2", "v0.2"],
  ["application/vnd.dev.sigstore.bundle+json;version=0.3", "v0.3"],
  ["application/vnd.dev.sigstore.bundle.v0.3+json", "v0.3"],
]);

const inclusionProof: Shape<InclusionProof> = (value) => {
  const shape = object({
    logIndex: field(int64, 0),
    treeSize: int64,
    rootHash: bytes(32),
    hashes: field(list(bytes(32), 0, MAX_PROOF_HASHES), []),
    checkpoint: object({ envelope: text }),
  })(value);
  return shape.ok ? ok({ ...shape.value, checkpoint: shape.value.checkpoint.envelope }) : shape;
};

const logEntry: Shape<LogEntry> = (value) => {
  const shape = object({
    logIndex: field(int64, 0),
    logId: object({ keyId: bytes(32) }),
    kindVersion: object({ kind: shortText, version: shortText }),
    integratedTime: field(int64, 0),
    inclusionPromise: field(object({ signedEntryTimestamp: bytes() }), null),
    inclusionProof: field(inclusionProof, null),
    canonicalizedBody: bytes(),
  })(value);
  if (!shape.ok) return shape;
  const entry = shape.value;
  return ok({
    logIndex: entry.logIndex,
    logId: entry.logId.keyId,
    kind: entry.kindVersion.kind,
    version: entry.kindVersion.version,
    // Zero is how this format spells absence.
    integratedTime: entry.integratedTime === 0 ? null : entry.integratedTime,
    signedEntryTimestamp: entry.inclusionPromise?.signedEntryTimestamp ?? null,
    inclusionProof: entry.inclusionProof,
    body: entry.canonicalizedBody,
  });
};

const certificateField = object({ rawBytes: bytes() });

const verificationMaterial = object({
  certificate: field(certificateField, null),
  x509CertificateChain: field(object({ certificates: list(certificateField, 1, 8) }), null),
  tlogEntries: field(list(logEntry, 0, MAX_LOG_ENTRIES), []),
  timestampVerificationData: field(
    object({ rfc3161Timestamps: field(list(object({ signedTimestamp: bytes() }), 0, MAX_TIMESTAMPS), []) }),
    null,
  ),
});

const messageSignature: Shape<MessageSignature> = (value) => {
  const shape = object({
    messageDigest: object({ algorithm: word(["SHA2_256"]), digest: bytes(32) }),
    signature: bytes(),
  })(value);
  if (!shape.ok) return shape;
  const { messageDigest, signature } = shape.value;
  return ok({ kind: "message-signature", digest: messageDigest.digest, signature });
};

const dsseEnvelope: Shape<DsseEnvelope> = (value) => {
  const shape = object({
    payloadType: shortText,
    payload: bytes(),
    signatures: list(object({ sig: bytes() }), 1, 1),
  })(value);
  if (!shape.ok) return shape;
  const { payloadType, payload, signatures } = shape.value;
  const [first] = signatures;
  return first === undefined
    ? err({ path: "", reason: "must have one signature" })
    : ok({ kind: "dsse", payloadType, payload, signature: first.sig });
};

const envelope = object({
  verificationMaterial,
  messageSignature: field(messageSignature, null),
  dsseEnvelope: field(dsseEnvelope, null),
});

/**
 * Reads a bundle of the Sigstore forms v0.1, v0.2 and v0.3, or cosign's older JSON, which is rewritten as v0.1.
 *
 * Exactly one signing certificate, exactly one of message signature and DSSE envelope, at least one log entry; v0.1 entries
 * carry the log's promise, later ones an inclusion proof. Unknown fields are ignored, as this format demands.
 *
 * Errors: `bundle-malformed`, `bundle-media-type-unsupported`. Nothing is verified.
 * Source: Sigstore bundle format; ProtoJSON; strict where that has one meaning with several spellings.
 */
export function parseSigstoreBundle(json: string | Uint8Array): Result<SigstoreBundle, SigstoreError> {
  const document = parseStrictJson(json, { maxBytes: BUNDLE_LIMIT_BYTES });
  if (!document.ok)
    return refuse("bundle-malformed", { subject: `byte ${document.error.offset}`, reason: document.error.reason });
  const top = document.value;
  if (!isJsonObject(top)) return refuse("bundle-malformed", { reason: "must be an object" });
  if (!top.has("mediaType") && top.has("base64Signature")) return parseCosignBundle(top);
  return parseProtobufBundle(top);
}

function parseProtobufBundle(top: ReadonlyMap<string, JsonValue>): Result<SigstoreBundle, SigstoreError> {
  const mediaType = top.get("mediaType");
  if (typeof mediaType !== "string")
    return refuse("bundle-malformed", { subject: "mediaType", reason: "must be text" });
  const form = MEDIA_TYPES.get(mediaType);
  if (form === undefined) return refuse("bundle-media-type-unsupported", { actual: mediaType });
  const shape = envelope(top);
  if (!shape.ok) return refuse("bundle-malformed", { subject: shape.error.path, reason: shape.error.reason });

  const { verificationMaterial: material, messageSignature: message, dsseEnvelope: dsse } = shape.value;
  const content = dsse === null ? message : message === null ? dsse : null;
  if (content === null)
    return refuse("bundle-malformed", { reason: "must have either messageSignature or dsseEnvelope" });
  const certificate = signingCertificate(form, material);
  if (certificate === null) {
    return refuse("bundle-malformed", {
      subject: "verificationMaterial",
      reason: "must have exactly one signing certificate",
    });
  }
  const [first, ...others] = material.tlogEntries;
  if (first === undefined) return refuse("log-entry-missing");
  const lacking = [first, ...others].findIndex((entry) =>
    form === "v0.1" ? entry.signedEntryTimestamp === null : entry.inclusionProof === null,
  );
  if (lacking >= 0) {
    return refuse("bundle-malformed", {
      subject: `verificationMaterial.tlogEntries[${lacking}]`,
      reason: form === "v0.1" ? "must have an inclusionPromise" : "must have an inclusionProof",
    });
  }
  const timestamps = material.timestampVerificationData?.rfc3161Timestamps ?? [];
  return ok({
    form,
    certificate,
    content,
    logEntries: [first, ...others],
    timestamps: timestamps.map(({ signedTimestamp }) => signedTimestamp),
  });
}

/** The one leaf: v0.3 carries it alone, older forms may carry it in a chain, of which the rest is never trusted. */
function signingCertificate(
  form: SigstoreBundle["form"],
  { certificate, x509CertificateChain }: Extract<ReturnType<typeof verificationMaterial>, { ok: true }>["value"],
): Uint8Array<ArrayBuffer> | null {
  if (certificate !== null) return x509CertificateChain === null ? certificate.rawBytes : null;
  return form === "v0.3" ? null : (x509CertificateChain?.certificates[0]?.rawBytes ?? null);
}
