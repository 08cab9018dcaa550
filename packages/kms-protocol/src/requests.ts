import { parseBase64 } from "@mero-tee/tdx-quote/base64";
import { type Result, err, ok } from "@mero-tee/tdx-quote/result";

import {
  type JsonBodyError,
  type KnownMembers,
  type ShapeProblem,
  readKnownMembers,
  requiredText,
} from "./json-body.ts";
import type { AttestRequest, ChallengeRequest, GetKeyRequest } from "./messages.ts";
import { DEFAULT_BINDING, NONCE_BYTES, RELEASE_LABEL } from "./report-data.ts";

/** Why the body of a request is refused before its handler runs. */
export type RequestError =
  | { readonly code: "request-not-json" }
  | {
      readonly code: "request-shape-invalid";
      /** The member at fault; null if the body is no object. */
      readonly field: string | null;
      readonly problem: ShapeProblem;
    };

/** An attestation request with a member that does not decode to 32 bytes, or a binding that no caller may choose. */
export interface AttestRequestError {
  readonly code: "attest-request-invalid";
  readonly field: "nonceB64" | "bindingB64";
  readonly problem: "not-32-bytes" | "reserved";
}

/** What an attestation request asks for: two halves of report data, 32 bytes each. */
export interface RequestedAttestation {
  readonly nonce: Uint8Array<ArrayBuffer>;
  readonly binding: Uint8Array<ArrayBuffer>;
}

const CHALLENGE_FIELDS = ["peerId"] as const;
const GET_KEY_FIELDS = ["challengeId", "quoteB64", "peerId", "peerPublicKeyB64", "signatureB64"] as const;
const ATTEST_FIELDS = ["nonceB64", "bindingB64"] as const;

/**
 * Reads the body of `POST /challenge`. The peer id is text as sent, not yet judged.
 *
 * @param body - bytes as received, at most the request body limit
 * Errors: `request-not-json`, `request-shape-invalid`.
 * Source: docs/protocol.md.
 */
export function parseChallengeRequest(body: Uint8Array): Result<ChallengeRequest, RequestError> {
  const members = readKnownMembers(body, CHALLENGE_FIELDS);
  return members.ok ? requiredTexts(members.value, CHALLENGE_FIELDS) : err(requestError(members.error));
}

/**
 * Reads the body of `POST /get-key`: five texts and perhaps a wrap key, nothing decoded, because each decodes at its own
 * step of the release. A wrap key that is null is refused: what is there decides how the key travels.
 *
 * @param body - bytes as received, at most the request body limit
 * Errors: `request-not-json`, `request-shape-invalid`.
 * Source: docs/protocol.md.
 */
export function parseGetKeyRequest(body: Uint8Array): Result<GetKeyRequest, RequestError> {
  const members = readKnownMembers(body, [...GET_KEY_FIELDS, "wrapKeyB64"]);
  if (!members.ok) return err(requestError(members.error));
  const texts = requiredTexts(members.value, GET_KEY_FIELDS);
  if (!texts.ok || !members.value.has("wrapKeyB64")) return texts;
  const wrapKeyB64 = requiredText(members.value, "wrapKeyB64");
  return wrapKeyB64.ok ? ok({ ...texts.value, wrapKeyB64: wrapKeyB64.value }) : err(requestError(wrapKeyB64.error));
}

/**
 * Reads the body of `POST /attest`; a binding that is null counts as none.
 *
 * @param body - bytes as received, at most the request body limit
 * Errors: `request-not-json`, `request-shape-invalid`.
 * Source: docs/protocol.md.
 */
export function parseAttestRequest(body: Uint8Array): Result<AttestRequest, RequestError> {
  const members = readKnownMembers(body, ATTEST_FIELDS);
  if (!members.ok) return err(requestError(members.error));
  const nonceB64 = requiredText(members.value, "nonceB64");
  if (!nonceB64.ok) return err(requestError(nonceB64.error));
  const binding = members.value.get("bindingB64") ?? null;
  if (binding === null) return ok({ nonceB64: nonceB64.value });
  if (typeof binding !== "string") {
    return err({ code: "request-shape-invalid", field: "bindingB64", problem: "wrong-type" });
  }
  return ok({ nonceB64: nonceB64.value, bindingB64: binding });
}

/**
 * Decodes an attestation request; no binding means the default one.
 *
 * Errors: `attest-request-invalid` for what is not canonical base64 of exactly 32 bytes, and for a reserved binding.
 * Source: docs/protocol.md.
 */
export function decodeAttestRequest(request: AttestRequest): Result<RequestedAttestation, AttestRequestError> {
  const nonce = decode32(request.nonceB64);
  if (nonce === null) return err({ code: "attest-request-invalid", field: "nonceB64", problem: "not-32-bytes" });
  const { bindingB64 = null } = request;
  if (bindingB64 === null) return ok({ nonce, binding: DEFAULT_BINDING });
  const binding = decode32(bindingB64);
  if (binding === null) return err({ code: "attest-request-invalid", field: "bindingB64", problem: "not-32-bytes" });
  if (RELEASE_LABEL.every((byte, index) => binding[index] === byte)) {
    return err({ code: "attest-request-invalid", field: "bindingB64", problem: "reserved" });
  }
  return ok({ nonce, binding });
}

function decode32(text: string): Uint8Array<ArrayBuffer> | null {
  const bytes = parseBase64(text);
  return bytes?.length === NONCE_BYTES ? bytes : null;
}

function requiredTexts<Name extends string>(
  members: KnownMembers<string>,
  names: readonly Name[],
): Result<Readonly<Record<Name, string>>, RequestError> {
  const texts: Partial<Record<Name, string>> = {};
  for (const name of names) {
    const text = requiredText(members, name);
    if (!text.ok) return err(requestError(text.error));
    texts[name] = text.value;
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- every name was set above
  return ok(texts as Readonly<Record<Name, string>>);
}

function requestError(error: JsonBodyError): RequestError {
  if (error.kind === "not-json") return { code: "request-not-json" };
  return { code: "request-shape-invalid", field: error.field, problem: error.problem };
}
