import { concatBytes } from "@noble/hashes/utils.js";
import { parseStrictJson, isJsonObject } from "@mero-tee/tdx-quote/json";
import { list, object, text, word } from "@mero-tee/tdx-quote/json-shape";
import { ok, type Result } from "@mero-tee/tdx-quote/result";
import type { DsseEnvelope } from "./bundle.ts";
import { refuse, type SigstoreError } from "./sigstore-error.ts";

const PAYLOAD_TYPE = "application/vnd.in-toto+json";
const STATEMENT_LIMIT_BYTES = 1024 * 1024;
const MAX_SUBJECTS = 1024;

/** What an attestation says about its files. */
export interface Statement {
  readonly predicateType: string;
  readonly subjects: readonly StatementSubject[];
}

/** A file that an attestation is about. */
export interface StatementSubject {
  readonly name: string;
  /** Lower-case hex; null where the statement names another digest only. */
  readonly sha256: string | null;
}

const statement = object({
  _type: word(["https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1"]),
  predicateType: text,
  subject: list(
    object({ name: text, digest: (value) => ok(isJsonObject(value) ? value.get("sha256") : undefined) }),
    1,
    MAX_SUBJECTS,
  ),
});

/**
 * Reads the statement inside an envelope. Its signature is not looked at here.
 *
 * Errors: `attestation-malformed`.
 * Source: in-toto Attestation Framework, Statement layer.
 */
export function parseStatement({ payloadType, payload }: DsseEnvelope): Result<Statement, SigstoreError> {
  if (payloadType !== PAYLOAD_TYPE)
    return refuse("attestation-malformed", { subject: "payloadType", expected: PAYLOAD_TYPE });
  const json = parseStrictJson(payload, { maxBytes: STATEMENT_LIMIT_BYTES, maxDepth: 64 });
  if (!json.ok)
    return refuse("attestation-malformed", { subject: `byte ${json.error.offset}`, reason: json.error.reason });
  const shape = statement(json.value);
  if (!shape.ok) return refuse("attestation-malformed", { subject: shape.error.path, reason: shape.error.reason });
  const { predicateType, subject } = shape.value;
  const subjects = subject.map(({ name, digest }) => ({
    name,
    sha256: typeof digest === "string" && /^[0-9a-fA-F]{64}$/.test(digest) ? digest.toLowerCase() : null,
  }));
  return ok({ predicateType, subjects });
}

/** What the signature of an envelope is over. Source: DSSE specification, protocol, PAE. */
export function preAuthenticationEncoding({ payloadType, payload }: DsseEnvelope): Uint8Array {
  const type = new TextEncoder().encode(payloadType);
  const head = new TextEncoder().encode(`DSSEv1 ${type.length} ${payloadType} ${payload.length} `);
  return concatBytes(head, payload);
}
