import { parseBase64 } from "@mero-tee/tdx-quote/base64";
import { parseHex } from "@mero-tee/tdx-quote/hex";
import { parseStrictJson } from "@mero-tee/tdx-quote/json";
import { hex, list, object, text, word, type Shape } from "@mero-tee/tdx-quote/json-shape";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";
import type { LogEntry } from "./bundle.ts";
import { parseCertificateText } from "./certificate-text.ts";
import { bytes } from "./protobuf-json.ts";
import { refuse, type SigstoreError } from "./sigstore-error.ts";
import { isSame } from "./x509-certificate.ts";

/** Longest body that is read, in bytes: an in-toto entry carries certificates, but no statement. */
const BODY_LIMIT_BYTES = 256 * 1024;

/** What an entry says was signed, in every kind of entry. */
interface LoggedSignature {
  /** SHA-256 of the file, or of the payload of an envelope. */
  readonly digest: Uint8Array;
  readonly signature: Uint8Array;
  /** DER of the signer's certificate. */
  readonly certificate: Uint8Array;
}

/** What a bundle carries, to be found in its entries. */
export interface ExpectedEntry extends LoggedSignature {
  readonly content: "message-signature" | "dsse";
}

const hash: Shape<Uint8Array> = (value) => {
  const shape = object({ algorithm: word(["sha256"]), value: hex(32) })(value);
  const digest = shape.ok ? parseHex(shape.value.value) : null;
  return digest === null ? err({ path: "", reason: "must be a SHA-256 in hex" }) : ok(digest);
};

const hash2: Shape<Uint8Array> = (value) => {
  const shape = object({ algorithm: word(["SHA2_256"]), digest: bytes(32) })(value);
  return shape.ok ? ok(shape.value.digest) : shape;
};

/** Base64 of the PEM of a certificate. */
const wrappedPem: Shape<Uint8Array> = (value) => {
  const certificate = typeof value === "string" ? parseCertificateText(value) : null;
  return certificate === null ? err({ path: "", reason: "must be base64 of a PEM certificate" }) : ok(certificate);
};

/** Base64 of base64, as in-toto entries hold signatures. */
const doubleBytes: Shape<Uint8Array> = (value) => {
  const inner = bytes()(value);
  const decoded = inner.ok ? parseBase64(new TextDecoder().decode(inner.value)) : null;
  return decoded === null ? err({ path: "", reason: "must be base64 of base64" }) : ok(decoded);
};

const verifier2 = object({ x509Certificate: object({ rawBytes: bytes() }) });

/** Turns a shape of one kind of entry into what all of them say. */
function entry<T>(spec: Shape<T>, read: (spec: T) => LoggedSignature | null): Shape<LoggedSignature> {
  return (value) => {
    const shape = object({ spec })(value);
    if (!shape.ok) return shape;
    const logged = read(shape.value.spec);
    return logged === null ? err({ path: "", reason: "must have one signature" }) : ok(logged);
  };
}

const one = <T>(member: Shape<T>): Shape<readonly T[]> => list(member, 1, 1);

/**
 * The kinds of entries that are understood, by kind and version, and what they may stand for.
 * Source: Rekor, types hashedrekord, dsse and intoto; Rekor v2, `hashedrekord.proto` and `dsse.proto`.
 */
const KINDS: ReadonlyMap<
  string,
  { readonly content: ExpectedEntry["content"]; readonly shape: Shape<LoggedSignature> }
> = new Map([
  [
    "hashedrekord 0.0.1",
    {
      content: "message-signature",
      shape: entry(
        object({
          data: object({ hash }),
          signature: object({ content: bytes(), publicKey: object({ content: wrappedPem }) }),
        }),
        ({ data, signature }) => ({
          digest: data.hash,
          signature: signature.content,
          certificate: signature.publicKey.content,
        }),
      ),
    },
  ],
  [
    "hashedrekord 0.0.2",
    {
      content: "message-signature",
      shape: entry(
        object({
          hashedRekordV002: object({ data: hash2, signature: object({ content: bytes(), verifier: verifier2 }) }),
        }),
        ({ hashedRekordV002: { data, signature } }) => ({
          digest: data,
          signature: signature.content,
          certificate: signature.verifier.x509Certificate.rawBytes,
        }),
      ),
    },
  ],
  [
    "dsse 0.0.1",
    {
      content: "dsse",
      shape: entry(
        object({ payloadHash: hash, signatures: one(object({ signature: bytes(), verifier: wrappedPem })) }),
        ({ payloadHash, signatures: [first] }) =>
          first === undefined ? null : { digest: payloadHash, signature: first.signature, certificate: first.verifier },
      ),
    },
  ],
  [
    "dsse 0.0.2",
    {
      content: "dsse",
      shape: entry(
        object({
          dsseV002: object({ payloadHash: hash2, signatures: one(object({ content: bytes(), verifier: verifier2 })) }),
        }),
        ({ dsseV002: { payloadHash, signatures } }) => {
          const [first] = signatures;
          if (first === undefined) return null;
          const { content: signature, verifier } = first;
          return { digest: payloadHash, signature, certificate: verifier.x509Certificate.rawBytes };
        },
      ),
    },
  ],
  [
    "intoto 0.0.2",
    {
      content: "dsse",
      shape: entry(
        object({
          content: object({
            envelope: object({ signatures: one(object({ sig: doubleBytes, publicKey: wrappedPem })) }),
            payloadHash: hash,
          }),
        }),
        ({ content: { envelope, payloadHash } }) => {
          const [first] = envelope.signatures;
          return first === undefined
            ? null
            : { digest: payloadHash, signature: first.sig, certificate: first.publicKey };
        },
      ),
    },
  ],
]);

/**
 * Verifies that an entry is about this signature: same kind inside and outside, same digest, same signature, same
 * certificate. An entry of somebody else's, or of another file, proves nothing about this one.
 *
 * Errors: `log-body-malformed`, `log-body-mismatch`.
 */
export function verifyLogEntryBody(
  { body, kind, version }: Pick<LogEntry, "body" | "kind" | "version">,
  expected: ExpectedEntry,
): Result<null, SigstoreError> {
  const json = parseStrictJson(body, { maxBytes: BODY_LIMIT_BYTES });
  if (!json.ok)
    return refuse("log-body-malformed", { subject: `byte ${json.error.offset}`, reason: json.error.reason });
  const head = object({ kind: text, apiVersion: text })(json.value);
  if (!head.ok) return refuse("log-body-malformed", { subject: head.error.path, reason: head.error.reason });
  if (head.value.kind !== kind || head.value.apiVersion !== version)
    return refuse("log-body-mismatch", { subject: "kind" });
  const known = KINDS.get(`${kind} ${version}`);
  if (known === undefined)
    return refuse("log-body-malformed", { subject: "kind", reason: "is not one that is understood" });
  if (known.content !== expected.content) return refuse("log-body-mismatch", { subject: "kind" });
  const logged = known.shape(json.value);
  if (!logged.ok) return refuse("log-body-malformed", { subject: logged.error.path, reason: logged.error.reason });
  for (const subject of ["digest", "signature", "certificate"] as const) {
    if (!isSame(logged.value[subject], expected[subject])) return refuse("log-body-mismatch", { subject });
  }
  return ok(null);
}
