import { parseHex } from "@mero-tee/tdx-quote/hex";
import { parseStrictJson, type JsonValue } from "@mero-tee/tdx-quote/json";
import { hex, object, text } from "@mero-tee/tdx-quote/json-shape";
import { ok, type Result } from "@mero-tee/tdx-quote/result";
import type { SigstoreBundle } from "./bundle.ts";
import { parseCertificateText } from "./certificate-text.ts";
import { bytes, int64, shortText } from "./protobuf-json.ts";
import { refuse, type SigstoreError } from "./sigstore-error.ts";

const cosignBundle = object({
  base64Signature: bytes(),
  cert: text,
  rekorBundle: object({
    SignedEntryTimestamp: bytes(),
    Payload: object({ body: bytes(), integratedTime: int64, logIndex: int64, logID: hex(32) }),
  }),
});

/** What the form above leaves to the entry: its kind, and the digest of the file. */
const hashedRekord = object({
  kind: shortText,
  apiVersion: shortText,
  spec: object({ data: object({ hash: object({ value: hex(32) }) }) }),
});

/**
 * Rewrites cosign's older bundle (`{"base64Signature", "cert", "rekorBundle"}`) as what a v0.1 bundle says, so that one
 * code verifies both.
 *
 * Errors: `bundle-malformed`, `signing-certificate-malformed`.
 */
export function parseCosignBundle(top: ReadonlyMap<string, JsonValue>): Result<SigstoreBundle, SigstoreError> {
  const shape = cosignBundle(top);
  if (!shape.ok) return refuse("bundle-malformed", { subject: shape.error.path, reason: shape.error.reason });
  const { base64Signature: signature, cert, rekorBundle } = shape.value;
  const certificate = parseCertificateText(cert);
  if (certificate === null) return refuse("bundle-malformed", { subject: "cert", reason: "must be one certificate" });
  const { body, integratedTime, logIndex, logID } = rekorBundle.Payload;
  const logId = parseHex(logID);
  const json = parseStrictJson(body);
  const entry = json.ok ? hashedRekord(json.value) : null;
  const digest = entry?.ok === true ? parseHex(entry.value.spec.data.hash.value) : null;
  if (entry?.ok !== true || digest === null || logId === null) {
    return refuse("bundle-malformed", { subject: "rekorBundle.Payload.body", reason: "must be a hashedrekord entry" });
  }
  return ok({
    form: "cosign",
    certificate,
    content: { kind: "message-signature", digest, signature },
    logEntries: [
      {
        logIndex,
        logId,
        kind: entry.value.kind,
        version: entry.value.apiVersion,
        integratedTime: integratedTime === 0 ? null : integratedTime,
        signedEntryTimestamp: rekorBundle.SignedEntryTimestamp,
        inclusionProof: null,
        body,
      },
    ],
    timestamps: [],
  });
}
